// Small matrices of vectors' products with one another: what makes the vectors orthonormal, and eigenvectors.

function dot(a: usize, b: usize, count: usize): f64 {
  let even = f64x2.splat(0), odd = even;
  for (let i: usize = 0; i < count << 3; i += 32) {
    even = f64x2.add(even, f64x2.mul(v128.load(a + i), v128.load(b + i)));
    odd = f64x2.add(odd, f64x2.mul(v128.load(a + i, 16), v128.load(b + i, 16)));
  }
  even = f64x2.add(even, odd);
  return f64x2.extract_lane(even, 0) + f64x2.extract_lane(even, 1);
}

/** Of the largest vector's square: below it a vector is zero. */
const ZERO: f64 = 1e-20;

/**
 * out [q, q], of float32 in rows that are `apart`, so that the rows of out x are orthonormal, the longest first, where `gram` is that of x. A
 * vector of which less than a share `beyond` of its square lies beyond the span of those before it is rounding: its row is zeros. Cholesky's
 * decomposition with pivots, in `room` of 2 q (q + 1) numbers of float64.
 */
export function orthonormal(gram: usize, q: usize, beyond: f64, room: usize, out: usize, apart: usize): void {
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
    if (!(square > ZERO * largest)) break;
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

/** Cosines between rows that are none. */
const TURNED: f64 = 1e-8;
const SWEEPS: u32 = 16;

/**
 * The eigenvalues of the matrix of which `gram` is the lower half, positive or 0, and its vectors: by Jacobi's rotations of the rows of [gram, 1],
 * `rows` [q, 2 q] of float64, until those of gram are orthogonal.
 */
export function eigen(gram: usize, q: usize, rows: usize, values: usize): void {
  const half = q << 3, row = q << 4;
  memory.fill(rows, 0, q * row);
  for (let k: usize = 0; k < q; k++) {
    store<f64>(rows + k * row + half + (k << 3), 1);
    for (let l: usize = 0; l < q; l++)
      store<f64>(rows + k * row + (l << 3), load<f64>(gram + max(k, l) * half + (min(k, l) << 3)));
  }
  let turns = true;
  for (let sweep: u32 = 0; turns; sweep++) {
    for (let k: usize = 0; k < q; k++) store<f64>(values + (k << 3), dot(rows + k * row, rows + k * row, q));
    turns = false;
    if (sweep == SWEEPS) break;
    for (let k: usize = 0; k < q; k++) {
      const a = rows + k * row;
      let p = load<f64>(values + (k << 3));
      for (let l = k + 1; l < q; l++) {
        const b = rows + l * row;
        const s = load<f64>(values + (l << 3)), both = dot(a, b, q);
        if (!(both * both > TURNED * TURNED * p * s)) continue;
        turns = true;
        const ratio = (s - p) / (2 * both);
        const tangent = copysign<f64>(1, ratio) / (abs(ratio) + sqrt(1 + ratio * ratio));
        const cosine = 1 / sqrt(1 + tangent * tangent);
        p -= tangent * both;
        store<f64>(values + (l << 3), s + tangent * both);
        const c = f64x2.splat(cosine), d = f64x2.splat(cosine * tangent);
        for (let i: usize = 0; i < row; i += 16) {
          const x = v128.load(a + i), y = v128.load(b + i);
          v128.store(a + i, f64x2.sub(f64x2.mul(c, x), f64x2.mul(d, y)));
          v128.store(b + i, f64x2.add(f64x2.mul(d, x), f64x2.mul(c, y)));
        }
      }
      store<f64>(values + (k << 3), p);
    }
  }
  for (let k: usize = 0; k < q; k++) store<f64>(values + (k << 3), sqrt(load<f64>(values + (k << 3))));
}
