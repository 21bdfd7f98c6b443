// Small matrices of vectors' products with one another: what makes the vectors orthonormal.
import { dot } from './dot';

/** Of the largest vector's square: below it a vector is zero. */
const ZERO: f64 = 1e-20;

/**
 * out [q, q], of float32 in rows that are `apart`, so that the rows of out x are orthonormal, the longest first, where `gram` is that of x. A
 * vector of which less than a share `beyond` of its square, or no more than `least`, lies beyond the span of those before it is rounding: its
 * row is zeros. Cholesky's decomposition with pivots, in `room` of 2 q (q + 1) numbers of float64.
 */
export function orthonormal(gram: usize, q: usize, beyond: f64, least: f64, room: usize, out: usize, apart: usize): void {
  const row = q << 3;
  // What is left of each vector's square, or less than 0; the pivots; what vectors have of those that are made; what these have of pivots.
  const left = room, pivots = left + row, shares = pivots + row, made = shares + q * row;
  memory.fill(room, 0, 2 * (q + 1) * row);
  memory.fill(out, 0, (q * apart) << 2);
  let largest: f64 = 0;
  for (let i: usize = 0; i < q; i++) {
    const square = load<f64>(gram + i * (row + 8));
    store<f64>(left + (i << 3), square);
    largest = max(largest, square);
  }
  let k: usize = 0;
  for (let tried: usize = 0; tried < q; tried++) {
    let pivot: usize = 0;
    for (let i: usize = 1; i < q; i++) if (load<f64>(left + (i << 3)) > load<f64>(left + (pivot << 3))) pivot = i;
    const square = load<f64>(left + (pivot << 3));
    if (!(square > max(ZERO * largest, least))) break;
    store<f64>(left + (pivot << 3), -1);
    if (square <= beyond * load<f64>(gram + pivot * (row + 8))) continue;
    const size = sqrt(square);
    const own = shares + pivot * row, last = made + k * row;
    for (let i: usize = 0; i < q; i++) {
      const rest = load<f64>(left + (i << 3));
      if (rest < 0) continue;
      const product = load<f64>(gram + max(i, pivot) * row + (min(i, pivot) << 3));
      const share = (product - dot(own, shares + i * row, k)) / size;
      store<f64>(shares + i * row + (k << 3), share);
      store<f64>(left + (i << 3), rest - share * share);
    }
    for (let j: usize = 0; j < k; j++) {
      const share = f64x2.splat(load<f64>(own + (j << 3)) / size);
      const other = made + j * row;
      for (let i: usize = 0; i <= j << 3; i += 16)
        v128.store(last + i, f64x2.sub(v128.load(last + i), f64x2.mul(share, v128.load(other + i))));
    }
    store<f64>(last + (k << 3), 1 / size);
    store<u32>(pivots + (k++ << 3), <u32>pivot);
  }
  for (let j: usize = 0; j < k; j++)
    for (let i: usize = 0; i <= j; i++)
      store<f32>(out + ((j * apart + load<u32>(pivots + (i << 3))) << 2), <f32>load<f64>(made + j * row + (i << 3)));
}
