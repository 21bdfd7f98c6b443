// Codes of few bits in groups with a scale each.
import { brain, sizes, wide } from './words';

/** What the largest number of a group may be cut to, in float64. */
export const CLIPS: usize = 0;

/** The codes of two numbers: the nearest, of two as near ones the larger. */
// @ts-ignore: decorator
@inline
function codesOf(numbers: v128, scale: v128, zero: v128): v128 {
  const place = f64x2.add(f64x2.div(numbers, scale), zero);
  const above = f64x2.ceil(place);
  const isFar = f64x2.gt(f64x2.sub(above, f64x2.splat(0.5)), place);
  const nearest = f64x2.sub(above, v128.and(isFar, f64x2.splat(1)));
  return f64x2.min(f64x2.add(zero, zero), f64x2.max(f64x2.splat(0), nearest));
}

/** By their bits, whose order is that of sizes. */
function largestOf(values: usize, count: usize): f32 {
  let most = i32x4.splat(0);
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) most = i32x4.max_s(most, sizes(values + (i << 2)));
  let largest = max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
  for (; i < count; i++) largest = max(largest, load<i32>(values + (i << 2)) & 0x7fffffff);
  return reinterpret<f32>(largest);
}

/** Squared, of what codes with such a scale miss, one number after the other. */
function missingWith(scale: f32, values: usize, count: usize, zero: f64): f64 {
  const by = f64x2.splat(scale);
  const middle = f64x2.splat(zero);
  let missing: f64 = 0;
  for (let i: usize = 0; i < count; i += 2) {
    const numbers = f64x2.promote_low_f32x4(v128.load64_zero(values + (i << 2)));
    const codes = scale == 0 ? f64x2.splat(floor(zero)) : codesOf(numbers, by, middle);
    const off = f64x2.sub(numbers, f64x2.mul(by, f64x2.sub(codes, middle)));
    const squares = f64x2.mul(off, off);
    missing += f64x2.extract_lane(squares, 0);
    if (i + 1 < count) missing += f64x2.extract_lane(squares, 1);
  }
  return missing;
}

/** The bits in bfloat16 of the scale that misses least, of one for each of `clips`. */
function scaleOf(values: usize, count: usize, zero: f64, clips: usize): u32 {
  const largest = largestOf(values, count);
  let best: u32 = 0;
  let least = Infinity;
  for (let k: usize = 0; k < clips; k++) {
    const code = brain(<f32>((load<f64>(k << 3, CLIPS) * largest) / zero));
    if (k == 0) best = code;
    if (clips == 1 || largest == 0) break;
    const missing = missingWith(wide(code), values, count, zero);
    if (missing < least) {
      least = missing;
      best = code;
    }
  }
  return best;
}

/** What a number below 2^22 is added to, so that it is rounded, to even, in the lowest bits. */
const ROUNDED: f32 = 12582912;
/** Sums of products by a scale's reciprocal are nearer to those of quotients than this. */
const NEAR: f32 = 1 / 4096;
/** The reciprocal of a scale that is smaller need not be a normal number. */
const SMALL: f32 = 1e-30;

/** The codes of a group, in a byte each. In float32, but where such a sum might be on the wrong side of the middle between two codes. */
function encodeGroup(values: usize, count: usize, scale: f32, zero: f64, to: usize): void {
  if (scale == 0) {
    memory.fill(to, <u8>floor(zero), count);
    return;
  }
  const by = f32x4.splat(<f32>1 / scale);
  const middle = f32x4.splat(<f32>zero);
  const most = i32x4.splat(<i32>(2 * zero));
  const edge = scale < SMALL ? f32x4.splat(-1) : f32x4.splat(0.5 - NEAR);
  for (let i: usize = 0; i < count; i += 4) {
    const numbers = v128.load(values + (i << 2));
    const place = f32x4.add(f32x4.mul(numbers, by), middle);
    const raised = f32x4.add(place, f32x4.splat(ROUNDED));
    const nearest = f32x4.sub(raised, f32x4.splat(ROUNDED));
    let words = i32x4.min_s(most, i32x4.sub(raised, f32x4.splat(ROUNDED)));
    if (!i32x4.all_true(f32x4.le(f32x4.abs(f32x4.sub(place, nearest)), edge))) words = exactCodes(numbers, scale, zero);
    const halves = i16x8.narrow_i32x4_u(words, words);
    v128.store32_lane(to + i, i8x16.narrow_i16x8_u(halves, halves), 0);
  }
}

function exactCodes(numbers: v128, scale: f32, zero: f64): v128 {
  const by = f64x2.splat(scale);
  const middle = f64x2.splat(zero);
  const low = codesOf(f64x2.promote_low_f32x4(numbers), by, middle);
  const high = codesOf(f64x2.promote_low_f32x4(v128.shuffle<i64>(numbers, numbers, 1, 1)), by, middle);
  return v128.shuffle<i64>(i32x4.trunc_sat_f64x2_u_zero(low), i32x4.trunc_sat_f64x2_u_zero(high), 0, 2);
}

/** Rows of numbers as codes, and a scale in bfloat16 for each group. @param row room for the codes of one, in a byte each */
export function encodeGroups(
  values: usize, rows: usize, columns: usize, group: usize, bits: u32, zero: f64, clips: usize,
  row: usize, codes: usize, scales: usize,
): void {
  const stride = (columns * bits + 7) >> 3;
  for (let r: usize = 0; r < rows; r++) {
    for (let from: usize = 0; from < columns; from += group) {
      const count = min(group, columns - from);
      const scale = scaleOf(values + (from << 2), count, zero, clips);
      store<u16>(scales, <u16>scale);
      scales += 2;
      encodeGroup(values + (from << 2), count, wide(scale), zero, row + from);
    }
    store<u64>(row + columns, 0);
    for (let i: usize = 0, to = codes; i < columns; i += 8, to += bits) {
      let x = load<u64>(row + i);
      x = (x & 0x00ff00ff00ff00ff) | ((x & 0xff00ff00ff00ff00) >> (8 - bits));
      x = (x & 0x0000ffff0000ffff) | ((x & 0xffff0000ffff0000) >> (16 - 2 * bits));
      x = (x & 0x00000000ffffffff) | ((x & 0xffffffff00000000) >> (32 - 4 * bits));
      store<u64>(to, x);
    }
    codes += stride;
    values += columns << 2;
  }
}

/** The numbers that codes stand for. */
export function decodeGroups(
  codes: usize, scales: usize, rows: usize, columns: usize, group: usize, bits: u32, zero: f32,
  row: usize, values: usize,
): void {
  const stride = (columns * bits + 7) >> 3;
  const one = ((<u64>1 << bits) - 1) * 0x0001000100010001;
  const two = ((<u64>1 << (2 * bits)) - 1) * 0x0000000100000001;
  const four = (<u64>1 << (4 * bits)) - 1;
  const middle = f32x4.splat(zero);
  for (let r: usize = 0; r < rows; r++) {
    for (let i: usize = 0, from = codes; i < columns; i += 8, from += bits) {
      let x = load<u64>(from);
      x = (x & four) | (((x >> (4 * bits)) & four) << 32);
      x = (x & two) | (((x >> (2 * bits)) & two) << 16);
      x = (x & one) | (((x >> bits) & one) << 8);
      store<u64>(row + i, x);
    }
    for (let from: usize = 0; from < columns; from += group) {
      const count = min(group, columns - from);
      const scale = f32x4.splat(wide(load<u16>(scales)));
      scales += 2;
      for (let i: usize = 0; i < count; i += 4) {
        const code = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(row + from + i)));
        const value = f32x4.mul(scale, f32x4.sub(f32x4.convert_i32x4_u(code), middle));
        v128.store(values + ((from + i) << 2), value);
      }
    }
    codes += stride;
    values += columns << 2;
  }
}
