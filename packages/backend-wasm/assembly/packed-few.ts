// C = A W' for few rows of A, as in generation, and codes of 16 bits: decoded in registers, so that W is read once and half
// of what float32 is. The rows of A lie with the even ones of each eight numbers before the odd ones, as words have them.
import { BF16, F16, codesOf, halfOf, kindOf, numberOf } from './decode';
import { roundsInputs } from './decode-groups';
import { PACKED_FEW } from './kernel-ids';
import { packedFewBytes } from './packed-few-bytes';
import { packedFewGroups } from './packed-few-groups';
import { arg, chunkCount, chunksFor, parallel, setArg, sharedScratch, startOf } from './pool';
import { madd, sumOf } from './simd';

/** @param m at most 4 */
export function packedFew(a: usize, c: usize, m: i32, outDim: i32, inDim: i32): void {
  if (kindOf() != F16 && kindOf() != BF16) {
    if (roundsInputs()) packedFewBytes(a, c, m, outDim, inDim);
    else packedFewGroups(a, c, m, outDim, inDim);
    return;
  }
  const eights = inDim >> 3;
  for (let i = 0; i < m; i++) {
    const from = a + ((i * inDim) << 2);
    const to = sharedScratch() + ((i * eights) << 5);
    for (let e: usize = 0; e < <usize>eights << 5; e += 32) {
      const x = v128.load(from + e);
      const y = v128.load(from + e, 16);
      v128.store(to + e, i32x4.shuffle(x, y, 0, 2, 4, 6));
      v128.store(to + e, i32x4.shuffle(x, y, 1, 3, 5, 7), 16);
    }
  }
  setArg<usize>(0, a);
  setArg<usize>(1, c);
  setArg<i32>(2, m);
  setArg<i32>(3, outDim);
  setArg<i32>(4, inDim);
  parallel(PACKED_FEW, chunksFor(outDim, <f64>inDim * m, 30_000));
}

export function packedFewChunk(chunk: i32): void {
  const m = arg<i32>(2);
  const n = arg<i32>(3);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, n);
  const end = startOf(chunk + 1, chunks, n);
  if (kindOf() == F16) {
    if (m == 1) some(F16, 1, first, end);
    else if (m == 2) some(F16, 2, first, end);
    else if (m == 3) some(F16, 3, first, end);
    else some(F16, 4, first, end);
  } else if (m == 1) some(BF16, 1, first, end);
  else if (m == 2) some(BF16, 2, first, end);
  else if (m == 3) some(BF16, 3, first, end);
  else some(BF16, 4, first, end);
}

/** Columns `first` to `end` of C: four sums of evens and four of odds for each row of A, at once. */
// @ts-ignore: decorator
@inline
function some(kind: i32, m: i32, first: i32, end: i32): void {
  const n = arg<i32>(3);
  const k = arg<i32>(4);
  const row = (k >> 3) << 5;
  const bytes: usize = (k >> 3) << 4;
  const x = sharedScratch();
  for (let o = first; o < end; o++) {
    const w = codesOf(o);
    const zero = f32x4.splat(0);
    let e0 = zero, d0 = zero, e1 = zero, d1 = zero, e2 = zero, d2 = zero, e3 = zero, d3 = zero;
    for (let at: usize = 0; at < bytes; at += 16) {
      const h = v128.load(w + at);
      let even = i32x4.shl(h, 16);
      let odd = h;
      if (kind == F16) {
        even = halfOf(i32x4.shr_s(even, 3));
        odd = halfOf(i32x4.shr_s(odd, 3));
      } else odd = v128.and(odd, i32x4.splat(0xffff0000));
      const p = x + (at << 1);
      e0 = madd(even, v128.load(p), e0);
      d0 = madd(odd, v128.load(p, 16), d0);
      if (m > 1) {
        e1 = madd(even, v128.load(p + row), e1);
        d1 = madd(odd, v128.load(p + row, 16), d1);
      }
      if (m > 2) {
        e2 = madd(even, v128.load(p + 2 * row), e2);
        d2 = madd(odd, v128.load(p + 2 * row, 16), d2);
      }
      if (m > 3) {
        e3 = madd(even, v128.load(p + 3 * row), e3);
        d3 = madd(odd, v128.load(p + 3 * row, 16), d3);
      }
    }
    finish(0, o, n, k, f32x4.add(e0, d0));
    if (m > 1) finish(1, o, n, k, f32x4.add(e1, d1));
    if (m > 2) finish(2, o, n, k, f32x4.add(e2, d2));
    if (m > 3) finish(3, o, n, k, f32x4.add(e3, d3));
  }
}

/** C[i, o], with what is left of the row beyond its eights. */
function finish(i: i32, o: i32, n: i32, k: i32, sums: v128): void {
  let sum = sumOf(sums);
  for (let p = k & ~7; p < k; p++) sum += load<f32>(arg<usize>(0) + ((i * k + p) << 2)) * numberOf(o, p);
  store<f32>(arg<usize>(1) + ((i * n + o) << 2), sum);
}
