import { normal, random, useBackend, valueAndGrads } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { mul, sum, type Tensor2D, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, expect, test } from 'vitest';
import { polar } from './polar.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

const [R, D] = [4, 11];

function orthonormal(rows: number, columns: number, seed: number): Matrix {
  const m = Matrix.from1DArray(columns, rows, normal(random(seed), rows * columns, 1));
  return new QrDecomposition(m).orthogonalMatrix.subMatrix(0, columns - 1, 0, rows - 1).transpose();
}

/** A matrix with singular values from `size` down to `size / condition`. */
function withCondition(condition: number, size: number): Matrix {
  const values = Array.from({ length: R }, (_, k) => size * condition ** (-k / (R - 1)));
  return orthonormal(R, R, 1)
    .mmul(Matrix.diag(values))
    .mmul(orthonormal(R, D, 2));
}

function exact(m: Matrix): Matrix {
  const svd = new SingularValueDecomposition(m, { autoTranspose: true });
  return svd.leftSingularVectors.mmul(svd.rightSingularVectors.transpose());
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, v, k) => Math.max(most, Math.abs(v - (b[k] as number))), 0);
}

const float = (m: Matrix): Tensor2D => tensor2d(Float32Array.from(m.to1DArray()), [m.rows, m.columns]);

test.each([
  [1, 1],
  [1, 1e-3],
  [3, 40],
  [30, 1],
  [100, 1e3],
])('is what the singular vectors give, to float32, where the values spread by %d and the largest is %d', (c, size) => {
  const m = withCondition(c, size);
  tidy(() => {
    // Float32 holds the small singular values to its own rounding of the large ones.
    expect(largest(polar(float(m)).dataSync(), exact(m).to1DArray())).toBeLessThanOrEqual(1e-6 * Math.max(2, c));
  });
});

test('has rows of length 1 at right angles', () => {
  tidy(() => {
    const r = Matrix.from1DArray(R, D, polar(float(withCondition(10, 3))).dataSync());
    expect(largest(r.mmul(r.transpose()).to1DArray(), Matrix.eye(R).to1DArray())).toBeLessThanOrEqual(1e-6);
  });
});

test('has the gradient that differences of the exact factor give', () => {
  const m = withCondition(4, 2);
  const weights = Matrix.from1DArray(R, D, normal(random(5), R * D, 1));
  const value = (at: Matrix) => Matrix.mul(exact(at), weights).sum();
  const step = 1e-5;
  const want = m.to1DArray().map((_, k) => {
    const shifted = (by: number) => {
      const moved = m.clone();
      moved.set(Math.floor(k / D), k % D, moved.get(Math.floor(k / D), k % D) + by);
      return value(moved);
    };
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
  tidy(() => {
    const x = float(m);
    const { grads } = valueAndGrads(() => sum(mul(polar(x), float(weights))), [x]);
    expect(largest((grads[0] as Tensor2D).dataSync(), want)).toBeLessThanOrEqual(1e-5);
  });
});
