// C = A W' for few rows of A and bytes in groups, A rounded to bytes as well: products of whole numbers are added up, and each
// group's sum is scaled once. A row of A has one scale, its largest size / 127; its codes lie in 16 bits, as they are multiplied.
import { codesOf } from './decode';
import { groupCount, groupLength, scaleOf } from './decode-groups';
import { PACKED_FEW_BYTES } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, sharedScratch, startOf } from './pool';
import { loadPart, madd, maxOf, sumOf } from './simd';

/** @param m at most 4 */
export function packedFewBytes(a: usize, c: usize, m: i32, outDim: i32, inDim: i32): void {
  const width = groupCount() * groupLength();
  const sizes = sharedScratch() + ((m * width) << 1);
  for (let i = 0; i < m; i++) {
    const codes = sharedScratch() + ((i * width) << 1);
    memory.fill(codes, 0, width << 1);
    store<f32>(sizes + (i << 2), roundRow(a + ((i * inDim) << 2), codes, inDim));
  }
  setArg<usize>(0, sizes);
  setArg<usize>(1, c);
  setArg<i32>(2, m);
  setArg<i32>(3, outDim);
  setArg<i32>(4, width);
  parallel(PACKED_FEW_BYTES, chunksFor(outDim, <f64>width * m, 60_000));
}

/** Writes the codes of a row, and gives their scale. A row of numbers below 1e-30 is zeros. */
function roundRow(from: usize, to: usize, n: i32): f32 {
  const whole = n & ~3;
  const rest = n & 3;
  const last = from + (whole << 2);
  let most = f32x4.abs(loadPart(last, rest, 0));
  for (let k = from; k < last; k += 16) most = f32x4.max(most, f32x4.abs(v128.load(k)));
  const size = maxOf(most);
  const inverse = f32x4.splat(size < 1e-30 ? 0 : 127 / size);
  for (let k = from; k < last; k += 16, to += 8) storeCodes(to, v128.load(k), inverse);
  if (rest > 0) storeCodes(to, loadPart(last, rest, 0), inverse);
  return size / 127;
}

// @ts-ignore: decorator
@inline
function storeCodes(to: usize, x: v128, inverse: v128): void {
  const codes = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, inverse)));
  v128.store64_lane(to, i16x8.narrow_i32x4_s(codes, codes), 0);
}

export function packedFewBytesChunk(chunk: i32): void {
  const m = arg<i32>(2);
  const n = arg<i32>(3);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, n);
  const end = startOf(chunk + 1, chunks, n);
  if (m == 1) some(1, first, end);
  else if (m == 2) some(2, first, end);
  else if (m == 3) some(3, first, end);
  else some(4, first, end);
}

/** Columns `first` to `end` of C: for each row of A two sums of a group at once, and one of all groups. */
// @ts-ignore: decorator
@inline
function some(m: i32, first: i32, end: i32): void {
  const n = arg<i32>(3);
  const row: usize = arg<i32>(4) << 1;
  const c = arg<usize>(1);
  const sizes = arg<usize>(0);
  const length = groupLength();
  const groups = groupCount();
  const zero = i32x4.splat(0);
  for (let o = first; o < end; o++) {
    let w = codesOf(o);
    let x = sharedScratch();
    let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
    for (let g = 0; g < groups; g++) {
      let a0 = zero, b0 = zero, a1 = zero, b1 = zero, a2 = zero, b2 = zero, a3 = zero, b3 = zero;
      for (const stop = x + (length << 1); x < stop; x += 32, w += 16) {
        const bytes = v128.load(w);
        const low = i16x8.extend_low_i8x16_s(bytes), high = i16x8.extend_high_i8x16_s(bytes);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(low, v128.load(x)));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(high, v128.load(x, 16)));
        if (m > 1) {
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(low, v128.load(x + row)));
          b1 = i32x4.add(b1, i32x4.dot_i16x8_s(high, v128.load(x + row, 16)));
        }
        if (m > 2) {
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(low, v128.load(x + 2 * row)));
          b2 = i32x4.add(b2, i32x4.dot_i16x8_s(high, v128.load(x + 2 * row, 16)));
        }
        if (m > 3) {
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(low, v128.load(x + 3 * row)));
          b3 = i32x4.add(b3, i32x4.dot_i16x8_s(high, v128.load(x + 3 * row, 16)));
        }
      }
      const scale = f32x4.splat(scaleOf(o * groups + g));
      t0 = madd(f32x4.convert_i32x4_s(i32x4.add(a0, b0)), scale, t0);
      if (m > 1) t1 = madd(f32x4.convert_i32x4_s(i32x4.add(a1, b1)), scale, t1);
      if (m > 2) t2 = madd(f32x4.convert_i32x4_s(i32x4.add(a2, b2)), scale, t2);
      if (m > 3) t3 = madd(f32x4.convert_i32x4_s(i32x4.add(a3, b3)), scale, t3);
    }
    store<f32>(c + (o << 2), sumOf(t0) * load<f32>(sizes));
    if (m > 1) store<f32>(c + ((n + o) << 2), sumOf(t1) * load<f32>(sizes, 4));
    if (m > 2) store<f32>(c + ((2 * n + o) << 2), sumOf(t2) * load<f32>(sizes, 8));
    if (m > 3) store<f32>(c + ((3 * n + o) << 2), sumOf(t3) * load<f32>(sizes, 12));
  }
}
