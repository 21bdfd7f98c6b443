// The largest singular values of a matrix from its action on a few random vectors (Halko, Martinsson and Tropp,
// arXiv 0909.4061, algorithms 4.4 and 5.1): D ~ U S V' with the columns of U in the range of (D D')^q D times a Gaussian.
import { normal, type Random } from '@peftjs/backend';
import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';

/** u [o, k], the k singular values from the largest down, v [i, k]. */
export interface Svd {
  readonly u: Matrix;
  readonly values: readonly number[];
  readonly v: Matrix;
  /** Squared size of what these leave out. */
  readonly rest: number;
}

/** All of them, by the book. */
export function exactSvd(matrix: Matrix): Svd {
  const svd = new SingularValueDecomposition(matrix, { autoTranspose: true });
  return { u: svd.leftSingularVectors, values: svd.diagonal, v: svd.rightSingularVectors, rest: 0 };
}

/** Columns that span what those of a tall matrix span, at right angles to each other. */
function orthonormal(tall: Matrix): Matrix {
  return new QrDecomposition(tall).orthogonalMatrix;
}

/**
 * The `width` largest singular values and their vectors, nearly: the last few of them are the least exact.
 *
 * @param matrix [o, i]
 * @param width at most the smaller dimension
 * @param powers q: each multiplies by D D' once more, which tells values that are close from one another
 */
export function randomizedSvd(matrix: Matrix, width: number, next: Random, powers = 4): Svd {
  const transposed = matrix.transpose();
  const drawn = normal(next, matrix.columns * width, 1) as unknown as number[];
  let range = orthonormal(matrix.mmul(Matrix.from1DArray(matrix.columns, width, drawn)));
  for (let k = 0; k < powers; k++) range = orthonormal(matrix.mmul(orthonormal(transposed.mmul(range))));
  // D ~ Q Q' D, and D' Q = P R is small enough to be decomposed by the book.
  const projected = transposed.mmul(range);
  const qr = new QrDecomposition(projected);
  const { u: inner, values, v: outer } = exactSvd(qr.upperTriangularMatrix);
  const rest = Matrix.sub(matrix, range.mmul(projected.transpose())).norm() ** 2;
  return { u: range.mmul(outer), values, v: qr.orthogonalMatrix.mmul(inner), rest };
}
