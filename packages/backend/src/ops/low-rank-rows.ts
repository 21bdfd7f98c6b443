// The low-rank terms of a batch whose rows run different adapters: each term is added to rows of its own, and nothing has
// to be cut out and joined again.
import { add, matMul, mul, pad, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';
import { type LowRankAttrs, type LowRankInputs, rowsOf } from './low-rank.ts';

export interface LowRankRowsAttrs extends LowRankAttrs {
  /** The rows of each term, those of x as a matrix of its last dimension: from one up to but without another. */
  readonly rows: readonly (readonly [from: number, to: number])[];
}

type Rows = LowRankRowsAttrs['rows'][number];

const cut = (x: Tensor, [from, to]: Rows): Tensor => slice(x, [from, 0], [to - from, -1]);

/** The rows where they belong, in a matrix of `n` that is zero elsewhere. */
function spread(part: Tensor, [from, to]: Rows, n: number): Tensor {
  return pad(part, [
    [from, n - to],
    [0, 0],
  ]);
}

const reference: Form<LowRankInputs, LowRankRowsAttrs> = {
  forward(inputs, { scales, rows }) {
    const { y, x } = inputs;
    const saved = [x];
    let out = rowsOf(y);
    for (const [k, scale] of scales.entries()) {
      const [a, b, own] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor, rows[k] as Rows];
      const h = mul(matMul(cut(rowsOf(x), own), a, false, true), scale);
      out = add(out, spread(matMul(h, b, false, true), own, out.shape[0] as number));
      saved.push(a, b, h);
    }
    return { out: reshape(out, y.shape), saved };
  },
  grad(dy, [x, ...saved], { scales, rows }) {
    const [input, drows] = [rowsOf(x as Tensor), rowsOf(dy)];
    const n = input.shape[0] as number;
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
      const own = rows[k] as Rows;
      let up: Tensor | undefined;
      const dh = () => (up ??= mul(matMul(cut(drows, own), b), scale));
      parts.push(() => spread(matMul(dh(), a), own, n));
      closures[`a${k}`] = () => matMul(dh(), cut(input, own), true);
      closures[`b${k}`] = () => matMul(cut(drows, own), h, true);
    }
    return closures;
  },
};

/** y + Σ s · (x A') B', each term in rows of its own. */
export const lowRankRows: FusedOp<LowRankInputs, LowRankRowsAttrs> = fusedOp('LowRankRows', reference);
