import { normal, random } from '@peftjs/backend';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { cutOff } from './fit.ts';
import { compress, decompose, type LowRank } from './low-rank.ts';
import { randomizedSvd } from './randomized-svd.ts';

function noise(seed: number, rows: number, columns: number): Matrix {
  return Matrix.from1DArray(rows, columns, [...normal(random(seed), rows * columns, 1)]);
}

/** rows x columns of this rank, whose singular values fall by `decay` from one to the next. */
function falling(seed: number, rows: number, columns: number, rank: number, decay: number): Matrix {
  const [b, a] = [noise(seed, rows, rank), noise(seed + 1, rank, columns)];
  return b.mulRowVector(Array.from({ length: rank }, (_, k) => decay ** k)).mmul(a);
}

/** Measured, not derived from singular values. */
function errorOf(change: Matrix, { b, a }: LowRank): number {
  return Matrix.sub(change, b.mmul(a)).norm() / change.norm();
}

function bestError(change: Matrix, rank: number): number {
  const { diagonal } = new SingularValueDecomposition(change, { autoTranspose: true });
  const squares = diagonal.map((s) => s * s);
  return Math.sqrt(squares.slice(rank).reduce((s, x) => s + x, 0) / squares.reduce((s, x) => s + x, 0));
}

describe('where singular values are cut off', () => {
  const values = [4, 2, 1, 0.5]; // squares 16, 4, 1, 0.25: 21.25
  test.each([
    [{ r: 2 }, 2],
    [{ r: 9 }, 4],
    [{ energy: 0.5 }, 1],
    [{ energy: 16 / 21.25 }, 1],
    [{ energy: 0.76 }, 2],
    [{ energy: 1 }, 4],
    [{ r: 2, energy: 0.5 }, 1],
    [{ r: 2, energy: 0.99 }, 2],
  ])('%o keeps %i', (fit, rank) => {
    expect(cutOff(values, 0, fit, 0)).toMatchObject({ rank, total: 21.25 });
  });

  test('what is not covered counts as cut off', () => {
    expect(cutOff([4, 2], 1.25, { energy: 0.9 }, 0)).toEqual({ rank: 2, tail: 1.25, total: 21.25 });
    expect(cutOff([4, 2], 1.25, { energy: 0.95 }, 0)).toMatchObject({ rank: 2 });
  });

  test('zeros and rounding are no rank, but one is always kept', () => {
    expect(cutOff([4, 1e-9, 0], 0, { r: 3 }, 0).rank).toBe(1);
    expect(cutOff([1e-9, 1e-9], 0, {}, 1e-8).rank).toBe(1);
    expect(cutOff([0, 0], 0, {}, 0)).toMatchObject({ rank: 1, tail: 0, total: 0 });
  });
});

describe.each([
  ['small', 12, 20],
  ['large', 90, 130],
])('a %s matrix', (_, rows, columns) => {
  const change = falling(3, rows, columns, 12, 0.6);

  test.each([1, 4, 12])('at rank %i is nearly as near as can be, and says how near', (r) => {
    const low = decompose(change, { r });
    const error = errorOf(change, low);
    expect([low.b.columns, low.a.rows]).toEqual([r, r]);
    expect(low.error).toBeCloseTo(error, 10);
    expect(low.energy).toBeCloseTo(1 - error ** 2, 10);
    expect(error).toBeLessThan(bestError(change, r) * 1.001 + 1e-12);
  });

  test.each([0.5, 0.9, 0.999])('keeps a share of %d with the least rank', (energy) => {
    const low = decompose(change, { energy });
    expect(1 - errorOf(change, low) ** 2).toBeGreaterThanOrEqual(energy - 1e-12);
    expect(1 - bestError(change, low.a.rows - 1) ** 2).toBeLessThan(energy);
  });

  test('has no more rank than there is', () => {
    expect(decompose(change, { r: 12 }).a.rows).toBe(12);
    expect(decompose(change, { r: 30 }).a.rows).toBe(12);
    expect(decompose(change, { energy: 1 }).a.rows).toBe(12);
  });

  test('of zeros is one of rank 1', () => {
    for (const fit of [{ r: 3 }, { energy: 0.5 }]) {
      const { b, a, energy, error } = decompose(new Matrix(rows, columns), fit);
      expect([b.norm(), a.rows, energy, error]).toEqual([0, 1, 1, 0]);
    }
  });
});

test('of noise, the hardest case, the random vectors find nearly what can be kept', () => {
  const change = noise(5, 100, 150);
  for (const matrix of [change, change.transpose()]) {
    const low = decompose(matrix, { r: 8 });
    expect(low.error).toBeCloseTo(errorOf(matrix, low), 10);
    expect(low.energy).toBeGreaterThan(0.98 * (1 - bestError(matrix, 8) ** 2));
  }
});

test.each([0.6, 0.7, 0.95])('of noise, a share of %d takes more vectors than there were at first', (energy) => {
  const change = noise(9, 130, 140);
  const low = decompose(change, { energy });
  expect(low.a.rows).toBeGreaterThan(22);
  expect(1 - errorOf(change, low) ** 2).toBeGreaterThanOrEqual(energy);
  // No more rank than the best of a little higher energy has.
  expect(1 - bestError(change, low.a.rows) ** 2).toBeLessThan(energy + 0.02);
});

test('random vectors give the singular values of the exact decomposition', () => {
  const change = falling(7, 80, 70, 70, 0.8);
  const exact = new SingularValueDecomposition(change).diagonal;
  const { values, rest } = randomizedSvd(change, 18, random(2));
  for (const [k, value] of values.slice(0, 8).entries()) {
    expect(Math.abs(value / (exact[k] as number) - 1)).toBeLessThan(1e-6);
  }
  const covered = values.reduce((s, x) => s + x * x, rest);
  expect(covered / change.norm() ** 2).toBeCloseTo(1, 12);
  const without = randomizedSvd(change, 18, random(2), 0);
  expect(without.rest).toBeGreaterThan(rest);
});

test('the same every time', () => {
  const change = noise(6, 90, 140);
  expect(decompose(change, { r: 3 })).toEqual(decompose(change, { r: 3 }));
});

test.each([
  [9, 20, 4],
  [9, 6, 8],
  [90, 80, 30],
])('a product of %i x %i of rank %i is compressed as its matrix is', (rows, columns, rank) => {
  const [b, a] = [noise(1, rows, rank), noise(2, rank, columns)];
  const matrix = b.mmul(a);
  const most = Math.min(rows, columns, rank);
  for (const r of [2, most]) {
    const low = compress({ b, a }, { r });
    expect(low.a.rows).toBe(r);
    expect(errorOf(matrix, low)).toBeLessThan(bestError(matrix, r) * 1.001 + 1e-12);
  }
  expect(compress({ b, a }, { energy: 1 }).a.rows).toBe(most);
});

test('both factors take an equal part', () => {
  const { b, a } = decompose(falling(3, 12, 20, 5, 0.5), { r: 5 });
  expect(b.norm()).toBeCloseTo(a.norm(), 10);
});
