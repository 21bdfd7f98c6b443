// y + sum of s · x A' B': what every low-rank method adds to a linear layer. It takes the layer's output and never its
// weight, so that one op serves every way a weight is stored.
import { add, matMul, mul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `y` [..., o]; `x` [..., i]; for each term k, `a<k>` [r, i] and `b<k>` [o, r]. */
export type LowRankInputs = { readonly y: Tensor; readonly x: Tensor } & Readonly<
  Record<`a${number}` | `b${number}`, Tensor>
>;
/** The scale of each term. */
export interface LowRankAttrs {
  readonly scales: readonly number[];
}

/** A tensor as a matrix of its last dimension. */
export function rowsOf(x: Tensor): Tensor {
  return reshape(x, [-1, x.shape.at(-1) as number]);
}

const reference: Form<LowRankInputs, LowRankAttrs> = {
  forward(inputs, { scales }) {
    const { y, x } = inputs;
    const rows = rowsOf(x);
    const down: Tensor[] = [];
    let out = rowsOf(y);
    for (const [k, scale] of scales.entries()) {
      const h = mul(matMul(rows, inputs[`a${k}`] as Tensor, false, true), scale);
      down.push(h);
      out = add(out, matMul(h, inputs[`b${k}`] as Tensor, false, true));
    }
    const factors = scales.flatMap((_, k) => [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor]);
    return { out: reshape(out, y.shape), saved: [x, ...factors, ...down] };
  },
  grad(dy, saved, { scales }) {
    const [x] = saved as [Tensor];
    const rows = rowsOf(x);
    const drows = rowsOf(dy);
    const a = (k: number) => saved[1 + 2 * k] as Tensor;
    const b = (k: number) => saved[2 + 2 * k] as Tensor;
    const h = (k: number) => saved[1 + 2 * scales.length + k] as Tensor;
    const up: Tensor[] = [];
    const dh = (k: number) => (up[k] ??= mul(matMul(drows, b(k)), scales[k] as number));
    const closures: Record<string, () => Tensor> = {
      y: () => dy,
      x: () =>
        reshape(
          scales.map((_, k) => matMul(dh(k), a(k))).reduce((sum, d) => add(sum, d)),
          x.shape,
        ),
    };
    for (const k of scales.keys()) {
      closures[`a${k}`] = () => matMul(dh(k), rows, true);
      closures[`b${k}`] = () => matMul(drows, h(k), true);
    }
    return closures;
  },
};

/** y + Σ s · (x A') B' (Hu et al., arXiv 2106.09685), the terms of any number of adapters at once. */
export const lowRank: FusedOp<LowRankInputs, LowRankAttrs> = fusedOp('LowRank', reference);
