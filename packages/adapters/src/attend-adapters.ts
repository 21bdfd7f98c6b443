// Attention over what several adapters give at one branch, as AdapterFusion has it.
import type { Tensors } from '@peftjs/core';
import { add, concat, matMul, mul, slice, softmax, sum, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Σ softmax_n(Q h · K z_n) V z_n with z_n = h + c_n, for each row.
 *
 * @param h [rows, d], what the branch gives
 * @param changes c_n, [rows, d], what each adapter adds to it
 * @param parameters Q, K and V, [d, d]
 */
export function attendAdapters(h: Tensor, changes: readonly Tensor[], { query, key, value }: Tensors): Tensor {
  // Q h · K z = K' Q h · z, and h is in all z alike: the softmax does not see it.
  const asked = matMul(matMul(h, query as Tensor, false, true), key as Tensor);
  const scores = changes.map((c) => sum(mul(asked, c), 1, true));
  const shares = softmax(concat(scores, 1));
  const mixed = changes.map((c, n) => mul(c, slice(shares, [0, n], [-1, 1])));
  const z = mixed.reduce((all, one) => add(all, one), h);
  return matMul(z, value as Tensor, false, true);
}
