// Numbers as codes of a few bits say them, still in float32: the nearest multiple of a step, of a range of codes.
import {
  add,
  cast,
  clipByValue,
  div,
  greater,
  less,
  logicalAnd,
  mul,
  round,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `x` [n, g], and the step of each row [n, 1], not 0. */
export type FakeQuantizeInputs = { readonly x: Tensor; readonly step: Tensor };

export interface FakeQuantizeAttrs {
  /** The lowest and the highest code. */
  readonly lo: number;
  readonly hi: number;
  /**
   * Whether the steps are trained, as LSQ trains them (Esser et al., arXiv 1902.08153). Where not, a step is the one that its
   * numbers just fit in: none is out of range, and each gets the gradient as it is.
   */
  readonly learned: boolean;
}

const reference: Form<FakeQuantizeInputs, FakeQuantizeAttrs> = {
  forward({ x, step }, { lo, hi }) {
    const rounded = mul(clipByValue(round(div(x, step)), lo, hi), step);
    // Nothing is added, but NaN to what is none: clipping loses it on wasm.
    return { out: add(rounded, mul(x, 0)), saved: [x, step] };
  },
  grad(dy, saved, { lo, hi, learned }) {
    if (!learned) return { x: () => dy };
    const [x, step] = saved as [Tensor, Tensor];
    const scaled = () => div(x, step);
    const within = (v: Tensor) => cast(logicalAnd(greater(v, lo), less(v, hi)), 'float32');
    return {
      x: () => mul(dy, within(scaled())),
      step() {
        const v = scaled();
        const each = sub(clipByValue(round(v), lo, hi), mul(v, within(v)));
        return mul(sum(mul(dy, each), 1, true), 1 / Math.sqrt((x.shape[1] as number) * hi));
      },
    };
  },
};

/**
 * clamp(round(x / s), lo, hi) s with a straight-through gradient: that of x where lo < x / s < hi, else 0; that of a learned s
 * is the sum of round(x / s) - x / s within the range, lo below and hi above, times 1 / sqrt(g hi).
 */
export const fakeQuantize: FusedOp<FakeQuantizeInputs, FakeQuantizeAttrs> = fusedOp('FakeQuantize', reference);
