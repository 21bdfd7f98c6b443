// Dropout whose mask follows from a seed, so that a recomputed forward pass drops the same.
import { random } from '@peftjs/backend';
import { mul, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** x with each number set to 0 with probability `rate`, the others divided by 1 - rate. */
export function dropout(x: Tensor, rate: number, seed: readonly number[]): Tensor {
  const next = random(...seed);
  const mask = new Float32Array(x.size).map(() => (next() < rate ? 0 : 1 / (1 - rate)));
  return mul(x, tensor(mask, x.shape));
}
