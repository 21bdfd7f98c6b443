// The largest singular values of a matrix that is read in rows (Halko, Martinsson and Tropp, arXiv 0909.4061): D ~ Q Q'D with Q
// orthonormal in the range of D (D'D)^(p-1) D'R, with p passes over D after the one that sums its rows with random signs R.
import { Matrix as Dense, EigenvalueDecomposition } from 'ml-matrix';
import type { Pause } from '../codec.ts';
import type { Matrix } from './additive.ts';
import { gather, giveBack, strideOf, takeKernels } from './low-rank-kernels.ts';
import { orthonormal } from './orthonormal.ts';
import { blockReader, gramOf, orthonormalize, type Sketch, startSketch, upTo } from './sketch.ts';

export interface SingularValues {
  readonly rank: number;
  /** From the largest down, [r]. */
  readonly values: Float64Array;
  /** [r, o] */
  readonly u: Float32Array;
  /** [r, i] */
  readonly v: Float32Array;
}

/** Vectors beyond the rank: the last of them are the least exact. */
const EXTRA = 12;
/** p: each tells values that are close from one another. With as many vectors as rows or columns, one finds all that they span. */
const PASSES = 2;
/** What the start has of random numbers beside sums of rows: of a few rows that are not zeros some fall together. */
const NOISE = 1e-2;
/** Below this share of the largest, a value is rounding. */
const ROUNDING = 1e-6;
/** Least share of a product's square beyond the span of others: the sums were reckoned in float32. */
const BEYOND = 1e-6;

export async function singularValues(matrix: Matrix, most: number, pause: Pause): Promise<SingularValues> {
  const kernels = takeKernels();
  const { rows, columns } = matrix;
  const least = Math.min(rows, columns);
  const width = upTo(4, Math.min(most + EXTRA, least));
  const sketch = startSketch(kernels, matrix, width);
  const { vectors, sums, stride, apart } = sketch;
  const blocks = blockReader(sketch, matrix, pause);

  for await (const { at, begin, count } of blocks()) kernels.fold(at, count, begin, width, stride, stride, sums);
  addNoise(kernels.floats(sums, width * stride), width, columns);
  for (let pass = width < least ? PASSES : 1; pass > 0; pass--) {
    orthonormalize(sketch);
    kernels.floats(sums, width * stride).fill(0);
    for await (const { at, count, products } of blocks()) {
      kernels.products(at, upTo(2, count), vectors, width, stride, stride, products, apart);
      kernels.multiply(products, width, count, apart, at, stride, stride, sums, true);
    }
  }
  const found = factors(sketch, matrix, Math.min(most, least));
  giveBack(kernels);
  return found;
}

/** The same numbers in every run. */
function addNoise(vectors: Float32Array, width: number, columns: number): void {
  const stride = strideOf(columns);
  const square = vectors.reduce((sum, v) => sum + v * v, 0);
  const scale = NOISE * (Math.sqrt(square / (width * columns)) || 1);
  let state = 1;
  for (let k = 0; k < width; k++) {
    for (let i = 0; i < columns; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      vectors[k * stride + i] = (vectors[k * stride + i] as number) + scale * (state / 2 ** 31 - 1);
    }
  }
}

/** Q = image' T' is orthonormal, and Q'D = T sums = P S V' with P of the eigenvectors of its square: the singular vectors are Q P and V. */
function factors(sketch: Sketch, { rows, columns }: Matrix, most: number): SingularValues {
  const { kernels, width, stride, step, vectors, sums, image, apart, turn, turned } = sketch;
  const blocks = Math.ceil(rows / step);
  const span = orthonormal(gramOf(sketch, image, apart, blocks), width, BEYOND);
  turnBy(span, width, sums, stride, vectors);
  const { values, weights } = eigenvectors(gramOf(sketch, vectors, stride), width);
  const sizes = values.map((value) => Math.sqrt(Math.max(0, value)));
  const rank = Math.max(1, sizes.subarray(0, most).filter((s) => s > (sizes[0] as number) * ROUNDING).length);

  const v = new Float32Array(rank * columns);
  turnBy(
    weights.map((weight, at) => weight / (sizes[Math.floor(at / width)] || 1)),
    rank,
    vectors,
    stride,
    sums,
  );
  gather(kernels.floats(sums, rank * stride), columns, v);

  const u = new Float32Array(rows * rank);
  const both = new Float64Array(rank * width);
  for (let r = 0; r < rank; r++) {
    for (let k = 0; k < width; k++) {
      const weight = weights[r * width + k] as number;
      for (let l = 0; l < width; l++)
        both[r * width + l] = (both[r * width + l] as number) + weight * (span[k * width + l] as number);
    }
  }
  for (let block = 0; block < blocks; block++) {
    turnBy(both, rank, image + 4 * block * width * apart, apart, turned);
    const values = kernels.floats(turned, width * apart);
    const begin = block * step;
    const count = Math.min(step, rows - begin);
    for (let r = 0; r < rank; r++) u.set(values.subarray(r * apart, r * apart + count), r * rows + begin);
  }
  return { rank, values: sizes.slice(0, rank), u, v };

  /** As many rows of `by` [., w] times what lies there [w, .]. */
  function turnBy(by: Float64Array, count: number, from: number, stride: number, to: number): void {
    kernels.floats(turn, width * width).set(by);
    kernels.multiply(turn, upTo(2, count), width, width, from, stride, stride, to, false);
  }
}

/** Of a symmetric matrix of which the lower half is given: from the largest value down, with vectors in rows. */
function eigenvectors(lower: Float64Array, n: number) {
  const dense = new Dense(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) dense.set(i, j, lower[Math.max(i, j) * n + Math.min(i, j)] as number);
  const { realEigenvalues: all, eigenvectorMatrix } = new EigenvalueDecomposition(dense, { assumeSymmetric: true });
  const order = all.map((_, k) => k).sort((a, b) => (all[b] as number) - (all[a] as number));
  return {
    values: Float64Array.from(order, (k) => all[k] as number),
    weights: Float64Array.from(order.flatMap((k) => eigenvectorMatrix.getColumn(k))),
  };
}
