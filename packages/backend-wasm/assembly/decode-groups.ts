// Numbers from codes of four or eight bits in groups along a row: level * scale + offset, rounded twice as everywhere else.
import { arg, setArg } from './pool';
import { RELAXED } from './simd';

/** Where in a job's arguments the groups stand; the codes themselves are named in `decode.ts`. */
const LENGTH: i32 = 36;
const GROUPS: i32 = 37;
const SCALES: i32 = 38;
const OFFSETS: i32 = 39;
const LEVELS: i32 = 40;
const BLOCKS: i32 = 41;
const MAP: i32 = 42;
const ROUNDS: i32 = 43;

/**
 * Says how the codes of the next matrix are grouped.
 * @param length numbers in a group, a multiple of 32 @param groups of a row
 * @param offsets 0 where there are none @param levels of codes of four bits @param blocks and map, 0 unless scales are nested
 * @param rounds whether few rows of inputs are rounded to bytes
 */
export function setGroups(
  length: i32, groups: i32, scales: usize, offsets: usize, levels: usize, blocks: usize, map: usize,
  rounds: bool,
): void {
  setArg<i32>(LENGTH, length);
  setArg<i32>(GROUPS, groups);
  setArg<usize>(SCALES, scales);
  setArg<usize>(OFFSETS, offsets);
  setArg<usize>(LEVELS, levels);
  setArg<usize>(BLOCKS, blocks);
  setArg<usize>(MAP, map);
  setArg<i32>(ROUNDS, rounds);
}

// @ts-ignore: decorator
@inline
export function groupLength(): i32 {
  return arg<i32>(LENGTH);
}

// @ts-ignore: decorator
@inline
export function groupCount(): i32 {
  return arg<i32>(GROUPS);
}

// @ts-ignore: decorator
@inline
export function roundsInputs(): bool {
  return arg<i32>(ROUNDS) != 0;
}

// @ts-ignore: decorator
@inline
export function hasOffsets(): bool {
  return arg<usize>(OFFSETS) != 0;
}

/** The scale of a group, counted over all rows. */
// @ts-ignore: decorator
@inline
export function scaleOf(group: i32): f32 {
  const scales = arg<usize>(SCALES);
  const map = arg<usize>(MAP);
  if (map == 0) return load<f32>(scales + (group << 2));
  const blocks = arg<usize>(BLOCKS);
  const size = load<f32>(blocks + ((group >> 8) << 2), 4);
  return load<f32>(map + (<usize>load<u8>(scales + group) << 2)) * size + load<f32>(blocks);
}

// @ts-ignore: decorator
@inline
export function offsetOf(group: i32): f32 {
  const offsets = arg<usize>(OFFSETS);
  return offsets == 0 ? 0 : load<f32>(offsets + (group << 2));
}

/** Byte `part` of each of the 16 levels: a table of bytes, which one instruction looks 16 codes up in. */
export function plane(part: i32): v128 {
  const levels = arg<usize>(LEVELS);
  let bytes = i8x16.splat(0);
  if (levels == 0) return bytes;
  const a = i32x4.shr_u(v128.load(levels), part << 3);
  const b = i32x4.shr_u(v128.load(levels, 16), part << 3);
  const c = i32x4.shr_u(v128.load(levels, 32), part << 3);
  const d = i32x4.shr_u(v128.load(levels, 48), part << 3);
  const ab = i8x16.shuffle(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
  const cd = i8x16.shuffle(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
  bytes = i64x2.shuffle(ab, cd, 0, 2);
  return bytes;
}

// @ts-ignore: decorator
@inline
export function lookUp(table: v128, codes: v128): v128 {
  return RELAXED ? i8x16.relaxed_swizzle(table, codes) : i8x16.swizzle(table, codes);
}

/** Codes 0 to 15 of the 32 in 16 bytes, each in a byte of its own. */
// @ts-ignore: decorator
@inline
export function firstCodes(bytes: v128): v128 {
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(15));
  return i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** Codes 16 to 31. */
// @ts-ignore: decorator
@inline
export function lastCodes(bytes: v128): v128 {
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(15));
  return i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Bytes 0 to 7 of two vectors in turns, and bytes 8 to 15; halves of four vectors of 32 bits. */
// @ts-ignore: decorator
@inline
export function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
export function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// @ts-ignore: decorator
@inline
export function lowQuads(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
export function highQuads(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator
@inline
function put(to: usize, level: v128, scale: v128, offset: v128, offsets: bool): void {
  const product = f32x4.mul(level, scale);
  v128.store(to, offsets ? f32x4.add(product, offset) : product);
}

// @ts-ignore: decorator
@inline
function putSixteen(
  codes: v128, p0: v128, p1: v128, p2: v128, p3: v128, to: usize, scale: v128, offset: v128, offsets: bool,
): void {
  const a = lookUp(p0, codes), b = lookUp(p1, codes), c = lookUp(p2, codes), d = lookUp(p3, codes);
  const ab = lowPairs(a, b), cd = lowPairs(c, d);
  put(to, lowQuads(ab, cd), scale, offset, offsets);
  put(to + 16, highQuads(ab, cd), scale, offset, offsets);
  const AB = highPairs(a, b), CD = highPairs(c, d);
  put(to + 32, lowQuads(AB, CD), scale, offset, offsets);
  put(to + 48, highQuads(AB, CD), scale, offset, offsets);
}

/** Eight numbers of codes of four bits. */
// @ts-ignore: decorator
@inline
function putEight(
  at: usize, p0: v128, p1: v128, p2: v128, p3: v128, to: usize, scale: v128, offset: v128, offsets: bool,
): void {
  const codes = firstCodes(v128.load32_zero(at));
  const ab = lowPairs(lookUp(p0, codes), lookUp(p1, codes));
  const cd = lowPairs(lookUp(p2, codes), lookUp(p3, codes));
  put(to, lowQuads(ab, cd), scale, offset, offsets);
  put(to + 16, highQuads(ab, cd), scale, offset, offsets);
}

/** Eight numbers of bytes. */
// @ts-ignore: decorator
@inline
function putEightBytes(at: usize, to: usize, scale: v128, offset: v128, offsets: bool): void {
  const wide = i16x8.extend_low_i8x16_s(v128.load64_zero(at));
  put(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(wide)), scale, offset, offsets);
  put(to + 16, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(wide)), scale, offset, offsets);
}

/** What a code says. @param codes where its row begins */
// @ts-ignore: decorator
@inline
function levelOf(codes: usize, column: i32, four: bool): f32 {
  if (!four) return <f32>load<i8>(codes + column);
  const byte = load<u8>(codes + (column >> 1));
  return load<f32>(arg<usize>(LEVELS) + ((column & 1 ? byte & 15 : byte >> 4) << 2));
}

/** Numbers `first` to `first + count` of a row, where `first` is a multiple of 8. @param codes where the row begins */
// @ts-ignore: decorator
@inline
export function decodeGroups(four: bool, row: i32, codes: usize, first: i32, count: i32, to: usize): void {
  const p0 = plane(0), p1 = plane(1), p2 = plane(2), p3 = plane(3);
  const offsets = hasOffsets();
  const length = groupLength();
  const end = first + count;
  for (let i = first; i < end; ) {
    const g = i / length;
    const group = row * groupCount() + g;
    const stop = min(end, (g + 1) * length);
    const scale = scaleOf(group), offset = offsetOf(group);
    const s = f32x4.splat(scale), o = f32x4.splat(offset);
    if (four) {
      for (; i + 32 <= stop; i += 32, to += 128) {
        const bytes = v128.load(codes + (i >> 1));
        putSixteen(firstCodes(bytes), p0, p1, p2, p3, to, s, o, offsets);
        putSixteen(lastCodes(bytes), p0, p1, p2, p3, to + 64, s, o, offsets);
      }
    }
    for (; i + 8 <= stop; i += 8, to += 32) {
      if (four) putEight(codes + (i >> 1), p0, p1, p2, p3, to, s, o, offsets);
      else putEightBytes(codes + i, to, s, o, offsets);
    }
    for (; i < stop; i++, to += 4) {
      const product = levelOf(codes, i, four) * scale;
      store<f32>(to, offsets ? product + offset : product);
    }
  }
}

/** Eight columns of `rows` rows, one row after the other; `column` is a multiple of 8. @param codes where the first row begins */
// @ts-ignore: decorator
@inline
export function decodeGroupColumns(
  four: bool, row: i32, rows: i32, codes: usize, stride: usize, column: i32, to: usize,
): void {
  const p0 = plane(0), p1 = plane(1), p2 = plane(2), p3 = plane(3);
  const offsets = hasOffsets();
  const groups = groupCount();
  let group = row * groups + column / groupLength();
  let at = codes + (four ? column >> 1 : column);
  for (let r = 0; r < rows; r++, at += stride, group += groups, to += 32) {
    const s = f32x4.splat(scaleOf(group)), o = f32x4.splat(offsetOf(group));
    if (four) putEight(at, p0, p1, p2, p3, to, s, o, offsets);
    else putEightBytes(at, to, s, o, offsets);
  }
}
