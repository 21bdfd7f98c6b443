import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** The largest difference between two tensors of one shape. */
export function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a, b].map((t) => t.dataSync<'float32'>()) as [Float32Array, Float32Array];
  return x.reduce((worst, v, i) => Math.max(worst, Math.abs(v - (y[i] as number))), 0);
}
