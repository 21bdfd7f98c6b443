// The largest singular values of a matrix that is read in rows and never in memory whole (Halko, Martinsson and Tropp,
// arXiv 0909.4061): D ~ U S V' with the columns of V in the range of (D'D)^q times random vectors, a pass over D for each power.
import { Matrix as Dense, EigenvalueDecomposition } from 'ml-matrix';
import type { Pause } from '../codec.ts';
import { type Matrix, rowBlocks } from './additive.ts';

export interface SingularValues {
  readonly rank: number;
  /** From the largest down, [r]. */
  readonly values: Float64Array;
  /** [o, r] */
  readonly u: Float32Array;
  /** [r, i] */
  readonly v: Float32Array;
}

/** Random vectors beyond the rank: the last of them are the least exact. */
const EXTRA = 8;
/** q: each tells values that are close from one another, for one more pass. */
const POWERS = 2;

/** With as many vectors as the matrix has rows one pass finds all that they span; with as many as columns they span it as they are. */
function powersOf(width: number, { rows, columns }: Matrix): number {
  if (width === columns) return 0;
  return width === rows ? 1 : POWERS;
}
/** Below this share of the largest, a value is rounding. */
const ROUNDING = 1e-7;

export async function singularValues(matrix: Matrix, rank: number, pause: Pause): Promise<SingularValues> {
  const { rows, columns } = matrix;
  const width = Math.min(rank + EXTRA, rows, columns);
  let basis = randomVectors(width, columns);
  orthonormalize(basis);
  for (let power = powersOf(width, matrix); power > 0; power--) {
    const next = basis.map(() => new Float64Array(columns));
    for await (const { row, products } of productsOf(matrix, basis, pause)) addMultiples(next, row, products);
    basis = next;
    orthonormalize(basis);
  }
  const image = new Float32Array(rows * width); // D V
  const gram = Dense.zeros(width, width);
  let index = 0;
  for await (const { products } of productsOf(matrix, basis, pause)) {
    image.set(products, index++ * width);
    for (let k = 0; k < width; k++)
      for (let l = 0; l <= k; l++) gram.set(k, l, gram.get(k, l) + (products[k] as number) * (products[l] as number));
  }
  return rotated(image, basis, gram, Math.min(rank, width), matrix);
}

/** Each row of D, and its products with the vectors. What is given holds until the next one is asked for. */
async function* productsOf(matrix: Matrix, vectors: readonly Float64Array[], pause: Pause) {
  const { columns } = matrix;
  const products = new Float64Array(vectors.length);
  for (const [begin, end] of rowBlocks(matrix)) {
    const values = await matrix.read(begin, end);
    for (let row = begin; row < end; row++) {
      if ((row & 63) === 0) await pause();
      const one = values.subarray((row - begin) * columns, (row - begin + 1) * columns);
      multiply(one, vectors, products);
      yield { row: one, products };
    }
  }
}

function multiply(row: Float32Array, vectors: readonly Float64Array[], out: Float64Array): void {
  let k = 0;
  for (; k + 3 < vectors.length; k += 4) {
    const [a, b, c, d] = vectors.slice(k, k + 4) as [Float64Array, Float64Array, Float64Array, Float64Array];
    let [p, q, s, t] = [0, 0, 0, 0];
    for (let i = 0; i < row.length; i++) {
      const x = row[i] as number;
      p += x * (a[i] as number);
      q += x * (b[i] as number);
      s += x * (c[i] as number);
      t += x * (d[i] as number);
    }
    out[k] = p;
    out[k + 1] = q;
    out[k + 2] = s;
    out[k + 3] = t;
  }
  for (; k < vectors.length; k++) {
    const vector = vectors[k] as Float64Array;
    let p = 0;
    for (let i = 0; i < row.length; i++) p += (row[i] as number) * (vector[i] as number);
    out[k] = p;
  }
}

function addMultiples(sums: readonly Float64Array[], row: Float32Array, factors: Float64Array): void {
  for (let k = 0; k < sums.length; k++) {
    const [sum, factor] = [sums[k] as Float64Array, factors[k] as number];
    for (let i = 0; i < row.length; i++) sum[i] = (sum[i] as number) + factor * (row[i] as number);
  }
}

/** The same numbers in every run, in [-1, 1). */
function randomVectors(count: number, length: number): Float64Array[] {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return Array.from({ length: count }, () => Float64Array.from({ length }, next));
}

const dot = (a: Float64Array, b: Float64Array) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** By Gram and Schmidt, twice, which is enough; a vector that lies in the span of those before it becomes zeros. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  for (const [k, vector] of vectors.entries()) {
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors.slice(0, k)) {
        const share = dot(vector, other);
        for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) - share * (other[i] as number);
      }
    }
    const size = Math.sqrt(dot(vector, vector));
    const inverse = size > before * ROUNDING ? 1 / size : 0;
    for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * inverse;
  }
}

/** D V = U S W' with W of the eigenvectors of (D V)'(D V): the singular vectors are D V W / S and V W. */
function rotated(
  image: Float32Array,
  basis: readonly Float64Array[],
  gram: Dense,
  most: number,
  { rows, columns }: Matrix,
): SingularValues {
  const width = basis.length;
  for (let k = 0; k < width; k++) for (let l = 0; l < k; l++) gram.set(l, k, gram.get(k, l));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const sizes = order.map((k) => Math.sqrt(Math.max(0, realEigenvalues[k] as number)));
  const rank = Math.max(1, sizes.slice(0, most).filter((s) => s > (sizes[0] as number) * ROUNDING).length);
  const u = new Float32Array(rows * rank);
  const v = new Float32Array(rank * columns);
  for (let r = 0; r < rank; r++) {
    const weights = basis.map((_, k) => eigenvectorMatrix.get(k, order[r] as number));
    const inverse = sizes[r] ? 1 / (sizes[r] as number) : 0;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (image[row * width + k] as number) * (weights[k] as number);
      u[row * rank + r] = sum * inverse;
    }
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += ((basis[k] as Float64Array)[column] as number) * (weights[k] as number);
      v[r * columns + column] = sum;
    }
  }
  return { rank, values: Float64Array.from(sizes.slice(0, rank)), u, v };
}
