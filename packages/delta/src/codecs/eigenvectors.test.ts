import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { eigenvectors } from './eigenvectors.ts';

/** Products of the rows of a matrix [q, n] with one another. */
function gramOf(rows: Float32Array, q: number): Float64Array {
  const n = rows.length / q;
  const out = new Float64Array(q * q);
  for (let k = 0; k < q; k++)
    for (let l = 0; l < q; l++)
      for (let i = 0; i < n; i++) out[k * q + l]! += (rows[k * n + i] as number) * (rows[l * n + i] as number);
  return out;
}

/** By how much its products with the vectors miss the values times these, and theirs with one another 1 and 0. */
function misses(matrix: Float64Array, q: number): readonly [number, number] {
  const { values, vectors } = eigenvectors(matrix, q);
  const largest = values.reduce((a, b) => Math.max(a, b)) || 1;
  let [off, skew] = [0, 0];
  for (let r = 0; r < q; r++) {
    for (let k = 0; k < q; k++) {
      let [product, cosine] = [0, 0];
      for (let l = 0; l < q; l++) {
        product += matrix[k * q + l]! * vectors[r * q + l]!;
        cosine += vectors[k * q + l]! * vectors[r * q + l]!;
      }
      off = Math.max(off, Math.abs(product - values[r]! * vectors[r * q + k]!) / largest);
      skew = Math.max(skew, Math.abs(cosine - Number(k === r)));
    }
  }
  return [off, skew];
}

const diagonal = (...values: readonly number[]) =>
  Float64Array.from({ length: values.length ** 2 }, (_, at) =>
    at % (values.length + 1) === 0 ? values[at / (values.length + 1)]! : 0,
  );

test.each([4, 8, 36, 108, 200])('of products of %i rows', (q) => {
  const [off, skew] = misses(gramOf(numbers(q, q * 2 * q), q), q);
  expect(off).toBeLessThan(1e-13);
  expect(skew).toBeLessThan(1e-12);
});

test.each([
  ['of rank 3', gramOf(numbers(1, 20 * 3), 20), 20],
  ['of rows that are equal', gramOf(new Float32Array(12 * 5).fill(0.5), 12), 12],
  ['of zeros', new Float64Array(64), 8],
  ['diagonal, with values twice', diagonal(3, 1, 3, 0, 1, 1, 1e-30, 2), 8],
  [
    'of sizes far apart',
    gramOf(
      numbers(2, 256).map((v, at) => v * 10 ** -(at >> 4)),
      16,
    ),
    16,
  ],
  ['very small', gramOf(numbers(3, 64), 8).map((v) => v * 1e-100), 8],
  ['very large', gramOf(numbers(3, 64), 8).map((v) => v * 1e100), 8],
])('of one %s', (_, matrix, q) => {
  const [off, skew] = misses(matrix, q);
  expect(off).toBeLessThan(1e-13);
  expect(skew).toBeLessThan(1e-12);
});

test('of one that holds NaN it ends', () => {
  eigenvectors(new Float64Array(16).fill(Number.NaN), 4);
});
