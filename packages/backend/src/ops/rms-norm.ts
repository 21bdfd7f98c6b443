// Root mean square normalization (Zhang and Sennrich, arXiv 1910.07467).
import { add, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';
import { rowsOf } from './low-rank.ts';

/** `x` [..., d], `gamma` [d]. */
export type RmsNormInputs = { readonly x: Tensor; readonly gamma: Tensor };
export interface RmsNormAttrs {
  readonly eps: number;
}

const reference: Form<RmsNormInputs, RmsNormAttrs> = {
  forward({ x, gamma }, { eps }) {
    const inverse = rsqrt(add(mean(square(x), -1, true), eps));
    return { out: mul(mul(x, inverse), gamma), saved: [x, gamma, inverse] };
  },
  grad(dy, saved) {
    const [x, gamma, inverse] = saved as [Tensor, Tensor, Tensor];
    return {
      x: () => {
        const normalized = mul(x, inverse);
        const d = mul(dy, gamma);
        return mul(sub(d, mul(normalized, mean(mul(d, normalized), -1, true))), inverse);
      },
      gamma: () => sum(rowsOf(mul(dy, mul(x, inverse))), 0),
    };
  },
};

/** gamma · x / sqrt(mean(x²) + eps) over the last dimension. */
export const rmsNorm: FusedOp<RmsNormInputs, RmsNormAttrs> = fusedOp('RmsNorm', reference);
