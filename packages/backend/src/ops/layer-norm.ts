// Layer normalization (Ba, Kiros and Hinton, arXiv 1607.06450).
import { add, mean, mul, rsqrt, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';
import { rowsOf } from './low-rank.ts';

/** `x` [..., d], `gamma` and `beta` [d]. */
export type LayerNormInputs = { readonly x: Tensor; readonly gamma: Tensor; readonly beta: Tensor };
export interface LayerNormAttrs {
  readonly eps: number;
}

const reference: Form<LayerNormInputs, LayerNormAttrs> = {
  forward({ x, gamma, beta }, { eps }) {
    const first = mean(x, -1, true);
    // The mean of what is left takes back the rounding of the first: a constant row then has variance 0.
    const second = mean(sub(x, first), -1, true);
    const centered = sub(sub(x, first), second);
    const inverse = rsqrt(add(mean(square(centered), -1, true), eps));
    return { out: add(mul(mul(centered, inverse), gamma), beta), saved: [x, gamma, first, second, inverse] };
  },
  grad(dy, saved) {
    const [x, gamma, first, second, inverse] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const normalized = () => mul(sub(sub(x, first), second), inverse);
    return {
      x: () => {
        const z = normalized();
        const d = mul(dy, gamma);
        const along = mul(z, mean(mul(d, z), -1, true));
        return mul(sub(sub(d, mean(d, -1, true)), along), inverse);
      },
      gamma: () => sum(rowsOf(mul(dy, normalized())), 0),
      beta: () => sum(rowsOf(dy), 0),
    };
  },
};

/** gamma · (x - mean(x)) / sqrt(var(x) + eps) + beta over the last dimension; var is the mean square, not n - 1. */
export const layerNorm: FusedOp<LayerNormInputs, LayerNormAttrs> = fusedOp('LayerNorm', reference);
