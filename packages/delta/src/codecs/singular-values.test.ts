import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import type { Matrix } from './additive.ts';
import { singularValues } from './singular-values.ts';

const pause = async () => {};

/** With all of their vectors. */
function findAll(matrix: Matrix, most: number, wait = pause) {
  return singularValues(matrix, most, wait, async ({ rank, values, u, v }) => ({
    rank,
    values,
    u: (await u.read(0, rank)).slice(),
    v: (await v.read(0, rank)).slice(),
  }));
}
type Found = Awaited<ReturnType<typeof findAll>>;

function matrixOf(values: Float32Array, columns: number) {
  const read = async (begin: number, end: number) => values.slice(begin * columns, end * columns);
  return { rows: values.length / columns, columns, read };
}

/** Of so many products of a column and a row, the second half as large as the first, and so on. */
function ofRank(rank: number, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  const all = numbers(3, rank * (rows + columns));
  for (let r = 0; r < rank; r++) {
    const [u, v] = [all.subarray(r * rows, (r + 1) * rows), all.subarray(rank * rows + r * columns)];
    for (const at of out.keys()) out[at]! += (u[Math.floor(at / columns)]! * v[at % columns]!) / (r + 1);
  }
  return out;
}

/** Squared size of what is missing, as a share. */
function missing(values: Float32Array, columns: number, { rank, values: sizes, u, v }: Found): number {
  const rows = values.length / columns;
  let [left, all] = [0, 0];
  for (const [at, value] of values.entries()) {
    let sum = 0;
    for (let r = 0; r < rank; r++)
      sum += u[r * rows + Math.floor(at / columns)]! * sizes[r]! * v[r * columns + (at % columns)]!;
    left += (value - sum) ** 2;
    all += value ** 2;
  }
  return left / all;
}

/** By how much the products of a matrix's rows, or columns, with one another are not 0 and 1. */
function skew(values: Float32Array, count: number, at: (k: number, i: number) => number): number {
  let most = 0;
  for (let k = 0; k < count; k++) {
    for (let l = 0; l <= k; l++) {
      let sum = 0;
      for (let i = 0; i < values.length / count; i++) sum += values[at(k, i)]! * values[at(l, i)]!;
      most = Math.max(most, Math.abs(sum - Number(k === l)));
    }
  }
  return most;
}

// The last two have more rows than are kept in memory, and than a block has; of the very last sums are kept.
test.each([
  [1, 9, 1],
  [9, 1, 1],
  [2, 300, 2],
  [300, 5, 4],
  [40, 40, 3],
  [17, 33, 17],
  [129, 70, 6],
  [48_001, 33, 3],
  [100_001, 33, 3],
])('a matrix [%i, %i] of rank %i is found whole', async (rows, columns, rank) => {
  const values = ofRank(rank, rows, columns);
  const found = await findAll(matrixOf(values, columns), 20, pause);
  expect(found.rank).toBe(rank);
  expect(missing(values, columns, found)).toBeLessThan(1e-10);
  expect([...found.values]).toEqual([...found.values].sort((a, b) => b - a));
  expect(skew(found.u, rank, (k, i) => k * rows + i)).toBeLessThan(1e-5);
  expect(skew(found.v, rank, (k, i) => k * columns + i)).toBeLessThan(1e-5);
});

test('of many rows a few that are not zeros are found', async () => {
  const [columns, count] = [60, 16];
  const some = numbers(5, count * columns);
  const values = new Float32Array(3000 * columns);
  // As many apart as there are sums of rows at the start: all fall into one.
  for (let k = 0; k < count; k++) values.set(some.subarray(k * columns, (k + 1) * columns), 12 * k * columns);
  const found = await findAll(matrixOf(values, columns), count, pause);
  expect(missing(values, columns, found)).toBeLessThan(1e-10);
});

/** Rows of length 1, each of them at right angles to those before. */
function orthonormalRows(seed: number, rows: number, columns: number): Float32Array {
  const out = numbers(seed, rows * columns);
  for (let r = 0; r < rows; r++) {
    const own = out.subarray(r * columns, (r + 1) * columns);
    for (let before = 0; before < r; before++) {
      const other = out.subarray(before * columns, (before + 1) * columns);
      const share = own.reduce((sum, value, i) => sum + value * other[i]!, 0);
      for (const i of own.keys()) own[i]! -= share * other[i]!;
    }
    const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    for (const i of own.keys()) own[i]! /= size;
  }
  return out;
}

test.each([16, 40])('of values that hardly fall %i are found that hold nearly as much as the largest', async (most) => {
  const [rows, columns] = [260, 200];
  const [u, v] = [orthonormalRows(1, columns, rows), orthonormalRows(2, columns, columns)];
  const sizes = Array.from({ length: columns }, (_, r) => (r + 4) ** -0.5);
  const values = new Float32Array(rows * columns);
  for (const [r, size] of sizes.entries())
    for (const at of values.keys())
      values[at]! += size * u[r * rows + Math.floor(at / columns)]! * v[r * columns + (at % columns)]!;
  const energy = (some: readonly number[]) => some.reduce((sum, size) => sum + size * size, 0);
  const held = (1 - missing(values, columns, await findAll(matrixOf(values, columns), most))) * energy(sizes);
  const best = energy(sizes.slice(0, most));
  expect(held / best).toBeGreaterThan(0.97);
  expect(held / best).toBeLessThan(1 + 1e-5);
});

test('zeros have no singular value but 0', async () => {
  const { rank, values } = await findAll(matrixOf(new Float32Array(60), 6), 3, pause);
  expect([rank, ...values]).toEqual([1, 0]);
});

test('a value of a thousandth beside a large one is found', async () => {
  const columns = 50;
  const [large, small] = [ofRank(1, 90, columns), ofRank(3, 90, columns)];
  const values = large.map((v, at) => 1000 * v + small[at]!);
  expect(missing(values, columns, await findAll(matrixOf(values, columns), 3, pause))).toBeLessThan(1e-9);
});

test.each([1e-25, 1e20])('a change of %s is found', async (size) => {
  const values = ofRank(3, 90, 50).map((v) => size * v);
  expect(missing(values, 50, await findAll(matrixOf(values, 50), 3, pause))).toBeLessThan(1e-10);
});

test('several at once do not disturb one another', async () => {
  const all = [3, 4, 5].map((rank) => matrixOf(ofRank(rank, 700, 120), 120));
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve));
  const alone = [];
  for (const one of all) alone.push(await findAll(one, 8, pause));
  expect(await Promise.all(all.map((one) => findAll(one, 8, wait)))).toEqual(alone);
});
