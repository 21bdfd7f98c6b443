// Plain arrays of numbers with a shape: what a case starts from, on any backend and on none.
import { normal, random } from '@peftjs/backend';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { relativeError, TOLERANCES, type ToleranceName } from '../tolerances.ts';

export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  readonly dtype: 'float32' | 'int32';
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Standard normal, rounded to float32. */
export function gaussian(seed: number, ...shape: readonly number[]): Numbers {
  return { shape, values: Float64Array.from(normal(random(seed), sizeOf(shape), 1)), dtype: 'float32' };
}

export function floats(values: readonly number[], ...shape: readonly number[]): Numbers {
  return { shape, values: Float64Array.from(Float32Array.from(values)), dtype: 'float32' };
}

export function integers(values: readonly number[], ...shape: readonly number[]): Numbers {
  return { shape, values: Float64Array.from(values), dtype: 'int32' };
}

export function toTensor({ values, shape, dtype }: Numbers): Tensor {
  return tensor(dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values), [...shape], dtype);
}

/** x + step · direction */
export function moved(x: Numbers, direction: Float64Array, step: number): Numbers {
  return { ...x, values: x.values.map((v, i) => v + step * (direction[i] as number)) };
}

/** Fails where the numbers differ by more than the table allows, or one is not finite. */
export async function expectClose(
  kind: ToleranceName,
  actual: Tensor,
  expected: Tensor | ArrayLike<number>,
  what: string,
): Promise<void> {
  const isTensor = 'dataSync' in expected;
  if (isTensor) expect(actual.shape, `shape of ${what}`).toEqual(expected.shape);
  const want = isTensor ? await expected.data() : expected;
  expect(relativeError(await actual.data(), want), `error of ${what}`).toBeLessThanOrEqual(TOLERANCES[kind]);
}
