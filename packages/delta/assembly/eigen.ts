// Eigenvalues and vectors of symmetric matrices of float64, whose rows are whole fours of numbers.
import { dot } from './low-rank/dot';

/** From here on memory is the caller's. */
export const FREE: usize = 1024;

/** Of the numbers beside it, a share that is rounding. */
const ROUNDING: f64 = 2.3e-16;
/** More are never needed for one value. */
const SWEEPS: u32 = 64;

/**
 * The eigenvalues of the matrix of which `gram` is the lower half, positive or 0, and its vectors, rows of `out` [q, q]: Householder's
 * reflections to three diagonals, whose rest QL takes away (Bowdler, Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968). `out`
 * has room for 2 q (q + 2) numbers of float64.
 */
export function eigen(gram: usize, q: usize, out: usize, values: usize): void {
  const row = q << 3;
  const all = out + q * row, beside = all + q * row, factors = beside + row;
  for (let k: usize = 0; k < q; k++)
    for (let l: usize = 0; l < q; l++)
      store<f64>(all + k * row + (l << 3), load<f64>(gram + max(k, l) * row + (min(k, l) << 3)));
  for (let k: usize = 0; k < q; k++) reflect(all, q, k, values, beside, factors);
  multiplyReflections(all, q, factors, out);
  const angles = all;
  for (let k: usize = 0; k < q; k++) {
    for (let sweep: u32 = 0; sweep < SWEEPS; sweep++) {
      const end = connected(k, q, values, beside);
      if (end == k) break;
      turnRows(out, q, turns(k, end, values, beside, angles), end, angles);
    }
  }
  for (let k: usize = 0; k < q; k++) store<f64>(values + (k << 3), max<f64>(0, load<f64>(values + (k << 3))));
}

/** Where fours of a row begin. */
// @ts-ignore: decorator
@inline
function fours(at: usize): usize {
  return at & ~31;
}

/**
 * Reflects rows and columns below k so that of row k only the diagonal and the number beside it are left. The vector v that this was along
 * stays in the row, behind zeros, and 2 / its square in `factors`.
 */
function reflect(all: usize, q: usize, k: usize, diagonal: usize, beside: usize, factors: usize): void {
  const row = q << 3, at = k << 3, next = at + 8, from = fours(next);
  const v = all + k * row, w = factors + row;
  store<f64>(diagonal + at, load<f64>(v + at));
  store<f64>(beside + at, 0);
  store<f64>(factors + at, 0);
  if (next == row) return;
  memory.fill(v + from, 0, next - from);
  memory.fill(w + from, 0, next - from);
  const count = (row - from) >> 3;
  const first = load<f64>(v + next), square = dot(v + from, v + from, count);
  store<f64>(beside + at, first);
  if (!(square > first * first)) return;
  const size = copysign<f64>(sqrt(square), -first);
  const factor = 1 / (square - first * size);
  store<f64>(beside + at, size);
  store<f64>(factors + at, factor);
  store<f64>(v + next, first - size);
  let both: f64 = 0;
  for (let i = next; i < row; i += 8) {
    const product = factor * dot(all + (i >> 3) * row + from, v + from, count);
    store<f64>(w + i, product);
    both += product * load<f64>(v + i);
  }
  both *= factor / 2;
  for (let i = next; i < row; i += 8) store<f64>(w + i, load<f64>(w + i) - both * load<f64>(v + i));
  for (let i = next; i < row; i += 8) {
    const other = all + (i >> 3) * row;
    const a = f64x2.splat(load<f64>(v + i)), b = f64x2.splat(load<f64>(w + i));
    for (let j = from; j < row; j += 16) {
      const less = f64x2.add(f64x2.mul(a, v128.load(w + j)), f64x2.mul(b, v128.load(v + j)));
      v128.store(other + j, f64x2.sub(v128.load(other + j), less));
    }
  }
}

function multiplyReflections(all: usize, q: usize, factors: usize, out: usize): void {
  const row = q << 3;
  memory.fill(out, 0, q * row);
  for (let k: usize = 0; k < q; k++) store<f64>(out + k * (row + 8), 1);
  for (let k = q; k-- > 0;) {
    const v = all + k * row, next = (k + 1) << 3, from = fours(next);
    const factor = load<f64>(factors + (k << 3));
    if (factor == 0) continue;
    for (let i = next; i < row; i += 8) {
      const other = out + (i >> 3) * row;
      const share = f64x2.splat(factor * dot(other + from, v + from, (row - from) >> 3));
      for (let j = from; j < row; j += 16)
        v128.store(other + j, f64x2.sub(v128.load(other + j), f64x2.mul(share, v128.load(v + j))));
    }
  }
}

/** The last row that row k hangs together with. */
function connected(k: usize, q: usize, diagonal: usize, beside: usize): usize {
  while (k + 1 < q) {
    const at = k << 3;
    const near = abs(load<f64>(diagonal + at)) + abs(load<f64>(diagonal + at, 8));
    if (!(abs(load<f64>(beside + at)) > ROUNDING * near)) break;
    k++;
  }
  return k;
}

/** One step of QL on rows k to `end`: the sines and cosines by which rows i and i + 1 turn are at `angles`. @returns the first i that did */
function turns(k: usize, end: usize, diagonal: usize, beside: usize, angles: usize): usize {
  const d = diagonal + (k << 3), e = beside + (k << 3), last = end << 3;
  const half = (load<f64>(d, 8) - load<f64>(d)) / (2 * load<f64>(e));
  let rest = load<f64>(diagonal + last) - load<f64>(d) +
    load<f64>(e) / (half + copysign<f64>(sqrt(half * half + 1), half));
  let sine: f64 = 1, cosine: f64 = 1, shift: f64 = 0;
  for (let i = end; i-- > k;) {
    const at = i << 3;
    const f = sine * load<f64>(beside + at), b = cosine * load<f64>(beside + at);
    const size = sqrt(f * f + rest * rest);
    store<f64>(beside + at, size, 8);
    if (size == 0) {
      store<f64>(diagonal + at, load<f64>(diagonal + at, 8) - shift, 8);
      store<f64>(beside + last, 0);
      return i + 1;
    }
    sine = f / size;
    cosine = rest / size;
    const base = load<f64>(diagonal + at, 8) - shift;
    const more = (load<f64>(diagonal + at) - base) * sine + 2 * cosine * b;
    shift = sine * more;
    store<f64>(diagonal + at, base + shift, 8);
    rest = cosine * more - b;
    store<f64>(angles + (at << 1), sine);
    store<f64>(angles + (at << 1), cosine, 8);
  }
  store<f64>(d, load<f64>(d) - shift);
  store<f64>(e, rest);
  store<f64>(beside + last, 0);
  return k;
}

/** Turns rows `end` and the one before, then that one and the one before it, and so on to the first, four numbers at a time. */
function turnRows(out: usize, q: usize, first: usize, end: usize, angles: usize): void {
  const row = q << 3;
  for (let j: usize = 0; j < row; j += 32) {
    let at = out + end * row + j;
    let a = v128.load(at), b = v128.load(at, 16);
    for (let i = end; i-- > first;) {
      const sine = v128.load64_splat(angles + (i << 4)), cosine = v128.load64_splat(angles + (i << 4), 8);
      const above = at - row;
      const x = v128.load(above), y = v128.load(above, 16);
      v128.store(at, f64x2.add(f64x2.mul(sine, x), f64x2.mul(cosine, a)));
      v128.store(at, f64x2.add(f64x2.mul(sine, y), f64x2.mul(cosine, b)), 16);
      a = f64x2.sub(f64x2.mul(cosine, x), f64x2.mul(sine, a));
      b = f64x2.sub(f64x2.mul(cosine, y), f64x2.mul(sine, b));
      at = above;
    }
    v128.store(at, a);
    v128.store(at, b, 16);
  }
}
