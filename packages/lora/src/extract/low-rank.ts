// A change of weight as a product of low rank: D [o, i] ~ b a with b [o, r] and a [r, i], the best of its rank, by
// singular values (Eckart and Young); each factor takes their square roots.
import { random } from '@peftjs/backend';
import { type Matrix, QrDecomposition } from 'ml-matrix';
import { cutOff, type Fit } from './fit.ts';
import { exactSvd, randomizedSvd, type Svd } from './randomized-svd.ts';

export interface Product {
  /** [o, r] */
  readonly b: Matrix;
  /** [r, i] */
  readonly a: Matrix;
}

export interface LowRank extends Product {
  /** Share of the change's squared size that the product has. */
  readonly energy: number;
  /** Size of what is missing over the size of the change. */
  readonly error: number;
}

/** Up to here a matrix is decomposed by the book; with more rows and columns only where most of its rank is asked for. */
const SMALL = 64;
/** Random vectors beyond the rank that is kept: the last of them are the least exact. */
const EXTRA = 10;
/** Vectors to begin with where the rank is not known. */
const FIRST = 32;
const SEED = 1;

function truncated({ u, values, v, rest }: Svd, fit: Fit, noise: number): LowRank {
  const { rank, tail, total } = cutOff(values, rest, fit, noise);
  const roots = values.slice(0, rank).map(Math.sqrt);
  const scaled = (m: Matrix) => m.subMatrix(0, m.rows - 1, 0, rank - 1).mulRowVector(roots);
  const missing = total > 0 ? tail / total : 0;
  return { b: scaled(u), a: scaled(v).transpose(), energy: 1 - missing, error: Math.sqrt(missing) };
}

/**
 * A matrix cut to a fit. Large ones by random vectors, where no more than half of the rank is needed: the energy that is
 * kept is then a little less than the most possible, and still exact as it is stated.
 *
 * @param noise size below which the change is rounding
 */
export function decompose(change: Matrix, fit: Fit, noise = 0): LowRank {
  const least = Math.min(change.rows, change.columns);
  if (least > SMALL && (fit.r !== undefined || (fit.energy ?? 1) < 1)) {
    for (let width = fit.r === undefined ? FIRST : fit.r + EXTRA; width <= least / 2; width *= 2) {
      const low = truncated(randomizedSvd(change, width, random(SEED)), fit, noise);
      if (fit.r !== undefined || low.a.rows <= width - EXTRA) return low;
    }
  }
  return truncated(exactSvd(change), fit, noise);
}

/** A product cut to a fit; where its rank is small, without ever being multiplied out. */
export function compress({ b, a }: Product, fit: Fit, noise = 0): LowRank {
  if (b.columns >= Math.min(b.rows, a.columns)) return decompose(b.mmul(a), fit, noise);
  const [left, right] = [new QrDecomposition(b), new QrDecomposition(a.transpose())];
  const core = exactSvd(left.upperTriangularMatrix.mmul(right.upperTriangularMatrix.transpose()));
  const [u, v] = [left.orthogonalMatrix.mmul(core.u), right.orthogonalMatrix.mmul(core.v)];
  return truncated({ ...core, u, v }, fit, noise);
}
