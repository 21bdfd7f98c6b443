// How matrices start.
import { normal, type Random, uniform } from '@peftjs/backend';
import type { ParamSpec } from '@peftjs/core';
import { ones, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';

type Fill = ParamSpec['init'];

/** How a bottleneck's matrices start; its biases start at zero. */
export interface BottleneckInitializer {
  /** [r, d] */
  readonly down: Fill;
  /** [d, r] */
  readonly up: Fill;
}

function draw(shape: readonly number[], numbers: (n: number) => Float32Array): Tensor {
  return tensor(numbers(shape.reduce((n, d) => n * d, 1)), [...shape]);
}

export const zero: Fill = (shape) => zeros([...shape]);

export const one: Fill = (shape) => ones([...shape]);

/** A normal of this deviation. */
export function normalOf(deviation: number): Fill {
  return (shape, next) => draw(shape, (n) => normal(next, n, deviation));
}

/** U(-1/sqrt(i), 1/sqrt(i)), as torch fills a linear layer of `i` inputs. */
export function uniformOver(i: number): Fill {
  return (shape, next) => draw(shape, (n) => uniform(next, n, -1 / Math.sqrt(i), 1 / Math.sqrt(i)));
}

/** Up is zero: the model starts exactly as the base, whatever its weights' size (He et al., arXiv 2110.04366). */
export const zeroUp: BottleneckInitializer = {
  down: (shape, next) => uniformOver(shape[1] as number)(shape, next),
  up: zero,
};

/** Both are small: the model starts nearly as the base. Normal, deviation 0.01, cut off at two (Houlsby et al., arXiv 1902.00751). */
export const nearIdentity: BottleneckInitializer = { down: truncated(0.01), up: truncated(0.01) };

function truncated(deviation: number): Fill {
  const one = (next: Random): number => {
    const value = normal(next, 1, deviation)[0] as number;
    return Math.abs(value) <= 2 * deviation ? value : one(next);
  };
  return (shape, next) => draw(shape, (n) => Float32Array.from({ length: n }, () => one(next)));
}

/** Rows of length 1, each at a right angle to the others, in a random direction (Gram and Schmidt). */
export const orthonormalRows: Fill = (shape, next) => {
  const [r, d] = shape as readonly [number, number];
  const rows: Float64Array[] = [];
  while (rows.length < r) {
    const row = Float64Array.from(normal(next, d, 1));
    // Once more takes out what rounding left of the others the first time.
    for (const other of [...rows, ...rows]) {
      const along = dot(row, other);
      for (const k of row.keys()) row[k] = (row[k] as number) - along * (other[k] as number);
    }
    const length = Math.sqrt(dot(row, row));
    rows.push(row.map((v) => v / length));
  }
  return tensor(Float32Array.from(rows.flatMap((row) => [...row])), [r, d]);
};

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (const [k, v] of a.entries()) sum += v * (b[k] as number);
  return sum;
}
