// C = A W' for few rows of A and codes in groups: decoded in registers, each group's sum is scaled once. The rows of A are
// filled up with zeros to whole groups, with the sums of their groups beside them where groups have offsets.
import { codesOf, GROUPS4, kindOf } from './decode';
import {
  firstCodes, groupCount, groupLength, hasOffsets, highPairs, highQuads, lastCodes, lookUp, lowPairs, lowQuads, offsetOf, plane,
  scaleOf,
} from './decode-groups';
import { PACKED_FEW_GROUPS } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, sharedScratch, startOf } from './pool';
import { madd, sumOf } from './simd';

/** @param m at most 4 */
export function packedFewGroups(a: usize, c: usize, m: i32, outDim: i32, inDim: i32): void {
  const groups = groupCount();
  const length = groupLength();
  const width = groups * length;
  const sums = sharedScratch() + ((m * width) << 2);
  for (let i = 0; i < m; i++) {
    const to = sharedScratch() + ((i * width) << 2);
    memory.copy(to, a + ((i * inDim) << 2), inDim << 2);
    memory.fill(to + (inDim << 2), 0, (width - inDim) << 2);
    if (!hasOffsets()) continue;
    for (let g = 0; g < groups; g++) {
      let sum = f32x4.splat(0);
      for (let k = 0; k < length; k += 4) sum = f32x4.add(sum, v128.load(to + ((g * length + k) << 2)));
      store<f32>(sums + ((i * groups + g) << 2), sumOf(sum));
    }
  }
  setArg<usize>(0, sums);
  setArg<usize>(1, c);
  setArg<i32>(2, m);
  setArg<i32>(3, outDim);
  setArg<i32>(4, width);
  parallel(PACKED_FEW_GROUPS, chunksFor(outDim, <f64>width * m, 30_000));
}

export function packedFewGroupsChunk(chunk: i32): void {
  const m = arg<i32>(2);
  const n = arg<i32>(3);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, n);
  const end = startOf(chunk + 1, chunks, n);
  if (kindOf() == GROUPS4) {
    if (m == 1) some(true, 1, first, end);
    else if (m == 2) some(true, 2, first, end);
    else if (m == 3) some(true, 3, first, end);
    else some(true, 4, first, end);
  } else if (m == 1) some(false, 1, first, end);
  else if (m == 2) some(false, 2, first, end);
  else if (m == 3) some(false, 3, first, end);
  else some(false, 4, first, end);
}

/** Columns `first` to `end` of C: for each row of A two sums of a group at once, and one of all groups. */
// @ts-ignore: decorator
@inline
function some(four: bool, m: i32, first: i32, end: i32): void {
  const n = arg<i32>(3);
  const width = arg<i32>(4);
  const row: usize = width << 2;
  const c = arg<usize>(1);
  const length = groupLength();
  const groups = groupCount();
  const offsets = hasOffsets();
  const p0 = plane(0), p1 = plane(1), p2 = plane(2), p3 = plane(3);
  const zero = f32x4.splat(0);
  for (let o = first; o < end; o++) {
    let w = codesOf(o);
    let x = sharedScratch();
    let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
    let u0: f32 = 0, u1: f32 = 0, u2: f32 = 0, u3: f32 = 0;
    for (let g = 0; g < groups; g++) {
      let a0 = zero, b0 = zero, a1 = zero, b1 = zero, a2 = zero, b2 = zero, a3 = zero, b3 = zero;
      for (const stop = x + (length << 2); x < stop; x += 64) {
        let v0: v128, v1: v128, v2: v128, v3: v128;
        if (four) {
          const codes = firstCodes(v128.load64_zero(w));
          const q0 = lookUp(p0, codes), q1 = lookUp(p1, codes), q2 = lookUp(p2, codes), q3 = lookUp(p3, codes);
          const low01 = lowPairs(q0, q1), low23 = lowPairs(q2, q3);
          const high01 = highPairs(q0, q1), high23 = highPairs(q2, q3);
          v0 = lowQuads(low01, low23);
          v1 = highQuads(low01, low23);
          v2 = lowQuads(high01, high23);
          v3 = highQuads(high01, high23);
          w += 8;
        } else {
          const bytes = v128.load(w);
          const low = i16x8.extend_low_i8x16_s(bytes), high = i16x8.extend_high_i8x16_s(bytes);
          v0 = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low));
          v1 = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low));
          v2 = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high));
          v3 = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high));
          w += 16;
        }
        a0 = madd(v0, v128.load(x), a0);
        b0 = madd(v1, v128.load(x, 16), b0);
        a0 = madd(v2, v128.load(x, 32), a0);
        b0 = madd(v3, v128.load(x, 48), b0);
        if (m > 1) {
          a1 = madd(v0, v128.load(x + row), a1);
          b1 = madd(v1, v128.load(x + row, 16), b1);
          a1 = madd(v2, v128.load(x + row, 32), a1);
          b1 = madd(v3, v128.load(x + row, 48), b1);
        }
        if (m > 2) {
          a2 = madd(v0, v128.load(x + 2 * row), a2);
          b2 = madd(v1, v128.load(x + 2 * row, 16), b2);
          a2 = madd(v2, v128.load(x + 2 * row, 32), a2);
          b2 = madd(v3, v128.load(x + 2 * row, 48), b2);
        }
        if (m > 3) {
          a3 = madd(v0, v128.load(x + 3 * row), a3);
          b3 = madd(v1, v128.load(x + 3 * row, 16), b3);
          a3 = madd(v2, v128.load(x + 3 * row, 32), a3);
          b3 = madd(v3, v128.load(x + 3 * row, 48), b3);
        }
      }
      const group = o * groups + g;
      const scale = f32x4.splat(scaleOf(group));
      t0 = madd(f32x4.add(a0, b0), scale, t0);
      if (m > 1) t1 = madd(f32x4.add(a1, b1), scale, t1);
      if (m > 2) t2 = madd(f32x4.add(a2, b2), scale, t2);
      if (m > 3) t3 = madd(f32x4.add(a3, b3), scale, t3);
      if (offsets) {
        const offset = offsetOf(group);
        u0 += offset * groupSum(0, g);
        if (m > 1) u1 += offset * groupSum(1, g);
        if (m > 2) u2 += offset * groupSum(2, g);
        if (m > 3) u3 += offset * groupSum(3, g);
      }
    }
    store<f32>(c + (o << 2), sumOf(t0) + u0);
    if (m > 1) store<f32>(c + ((n + o) << 2), sumOf(t1) + u1);
    if (m > 2) store<f32>(c + ((2 * n + o) << 2), sumOf(t2) + u2);
    if (m > 3) store<f32>(c + ((3 * n + o) << 2), sumOf(t3) + u3);
  }
}

// @ts-ignore: decorator
@inline
function groupSum(i: i32, g: i32): f32 {
  return load<f32>(arg<usize>(0) + ((i * groupCount() + g) << 2));
}
