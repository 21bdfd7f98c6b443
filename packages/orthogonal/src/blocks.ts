// Rotations made of blocks along the diagonal, each [k, k].
import { matMul, reshape, type Tensor, tensor, transpose } from '@tensorflow/tfjs-core';

/** Rows [m, n k] times the block-diagonal matrix of `blocks` [n, k, k], or of one block [1, k, k] for all. */
export function timesBlocks(rows: Tensor, blocks: Tensor, back: boolean): Tensor {
  const [n, k] = blocks.shape as [number, number, number];
  if (n === 1) return reshape(matMul(reshape(rows, [-1, k]), reshape(blocks, [k, k]), false, back), rows.shape);
  const apart = transpose(reshape(rows, [-1, n, k]), [1, 0, 2]);
  return reshape(transpose(matMul(apart, blocks, false, back), [1, 0, 2]), rows.shape);
}

/** Skew-symmetric blocks [n, k, k] of their upper triangles [n, k (k - 1) / 2], row by row. */
export function skew(triangles: Tensor, k: number): Tensor {
  const count = (k * (k - 1)) / 2;
  const places = new Float32Array(count * k * k);
  for (let i = 0, at = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++, at++) {
      places[at * k * k + i * k + j] = 1;
      places[at * k * k + j * k + i] = -1;
    }
  }
  return reshape(matMul(triangles, tensor(places, [count, k * k])), [-1, k, k]);
}
