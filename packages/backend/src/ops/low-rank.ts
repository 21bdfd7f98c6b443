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
    const saved = [x];
    let out = rowsOf(y);
    for (const [k, scale] of scales.entries()) {
      const [a, b] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor];
      const h = mul(matMul(rows, a, false, true), scale);
      out = add(out, matMul(h, b, false, true));
      saved.push(a, b, h);
    }
    return { out: reshape(out, y.shape), saved };
  },
  grad(dy, [x, ...saved], { scales }) {
    const [rows, drows] = [rowsOf(x as Tensor), rowsOf(dy)];
    const parts: (() => Tensor)[] = [];
    const closures: Record<string, () => Tensor> = {
      y: () => dy,
      x: () =>
        reshape(
          parts.map((part) => part()).reduce((sum, d) => add(sum, d)),
          (x as Tensor).shape,
        ),
    };
    for (const [k, scale] of scales.entries()) {
      const [a, b, h] = saved.slice(3 * k) as [Tensor, Tensor, Tensor];
      let up: Tensor | undefined;
      const dh = () => (up ??= mul(matMul(drows, b), scale));
      parts.push(() => matMul(dh(), a));
      closures[`a${k}`] = () => matMul(dh(), rows, true);
      closures[`b${k}`] = () => matMul(drows, h, true);
    }
    return closures;
  },
};

/** y + Σ s · (x A') B' (Hu et al., arXiv 2106.09685), the terms of any number of adapters at once. */
export const lowRank: FusedOp<LowRankInputs, LowRankAttrs> = fusedOp('LowRank', reference);
