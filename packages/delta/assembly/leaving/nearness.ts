// How near a tensor's numbers are to an end of their octave, one by one and 16 at a time.
import { FAR, LISTS, OCTAVES_OF_FAR } from './layout';

let below: u32, mantissa: i32, floor: i32;

/** How numbers lie in words. @param lowest the octave of all that is below it, too; there are some above it */
export function setForm(mask: u32, bits: i32, lowest: i32): void {
  below = mask;
  mantissa = bits;
  floor = lowest;
}

/** Of the block: its level above that of a change by 1, and half as many as there are lists. */
let level: i32;
/** A number is far from its octave's ends, of nearness 1, where the exponent of its distance and its octave add up to this. */
let far: i32;
/** The octave of the first distance in `FAR`. */
let first: i32;

/** Of the next block. */
export function setLevel(value: i32): void {
  level = value;
  far = level >> 1;
  first = max(0, far - OCTAVES_OF_FAR + 1);
  for (let k = 0; k < OCTAVES_OF_FAR; k++) {
    const exponent = max(0, far - first - k);
    const least = exponent < 15 ? 1 << exponent : 0x7fff;
    store<u8>(FAR + k, <u8>least);
    store<u8>(FAR + k, <u8>(least >> 8), OCTAVES_OF_FAR);
  }
}

/** The octave of a number of so many bits below the sign. */
// @ts-ignore: decorator
@inline
export function octaveOf(size: u32): i32 {
  return max(<i32>(size >> mantissa) - floor, 0);
}

/**
 * How near a number is to an end of its octave, beside what its block changes, in steps of half a power of two, 1 to 11; below 0
 * where that is the lower end. The octave of everything up to the floor has an end above only.
 */
export function nearness(size: u32, octave: i32): i32 {
  const octaveSize: u32 = 1 << mantissa;
  const within = octave == 0 ? size - (<u32>floor << mantissa) : size & (octaveSize - 1);
  const toAbove = octaveSize - within;
  const isBelow = octave != 0 && within + 1 < toAbove;
  const distance = 31 - <i32>clz(isBelow ? within + 1 : toAbove);
  const near = max(1, min(LISTS - 1, level - 2 * (octave + distance)));
  return isBelow ? -near : near;
}

// @ts-ignore: decorator
@inline
export function sizeAt<T>(words: usize, i: usize): u32 {
  return <u32>load<T>(words + i * sizeof<T>()) & below;
}

// @ts-ignore: decorator
@inline
export function sizesAt<T>(words: usize): v128 {
  return v128.and(v128.load(words), v128.splat<T>(<T>below));
}

// @ts-ignore: decorator
@inline
export function octavesOf<T>(sizes: v128): v128 {
  return v128.max<T>(v128.sub<T>(v128.shr<T>(sizes, mantissa), v128.splat<T>(<T>floor)), i64x2.splat(0));
}

/** Which of a vector's numbers have left their octave. */
// @ts-ignore: decorator
@inline
function left<T>(from: usize, to: usize): v128 {
  return v128.ne<T>(octavesOf<T>(sizesAt<T>(from)), octavesOf<T>(sizesAt<T>(to)));
}

/** Which of a vector's numbers are far from both ends of their octave. */
function isFar<T>(words: usize): v128 {
  const sizes = sizesAt<T>(words);
  const octaves = octavesOf<T>(sizes);
  const isLowest = v128.eq<T>(octaves, i64x2.splat(0));
  const overFloor = v128.sub<T>(sizes, v128.splat<T>(<T>(floor << mantissa)));
  const within = v128.bitselect(overFloor, v128.and(sizes, v128.splat<T>(<T>((<i32>1 << mantissa) - 1))), isLowest);
  const toAbove = v128.sub<T>(v128.splat<T>(<T>(<i32>1 << mantissa)), within);
  const toBelow = v128.add<T>(within, v128.splat<T>(1));
  const least = v128.bitselect(toBelow, toAbove, v128.andnot(v128.lt<T>(toBelow, toAbove), isLowest));
  if (sizeof<T>() == 2) {
    // A byte of 0 beyond the table: these are always far.
    const place = v128.max<T>(v128.sub<T>(octaves, v128.splat<T>(<T>first)), i64x2.splat(0));
    const low = v128.and(i8x16.swizzle(v128.load(FAR), place), v128.splat<T>(0xff));
    const high = v128.shl<T>(i8x16.swizzle(v128.load(FAR + OCTAVES_OF_FAR), place), 8);
    return v128.ge<T>(least, v128.or(low, high));
  }
  // Without the second of its bits, so that rounding does not raise the first.
  const float = f32x4.convert_i32x4_s(v128.andnot(least, i32x4.shr_u(least, 1)));
  const distance = i32x4.sub(i32x4.shr_u(float, 23), i32x4.splat(127));
  return v128.ge<T>(i32x4.add(octaves, distance), v128.splat<T>(<T>far));
}

/** A bit for each of 16 numbers that has left. */
export function sixteenLeft<T>(from: usize, to: usize): u32 {
  let low = left<T>(from, to);
  let high = left<T>(from + 16, to + 16);
  if (sizeof<T>() == 4) {
    low = i16x8.narrow_i32x4_s(low, high);
    high = i16x8.narrow_i32x4_s(left<T>(from + 32, to + 32), left<T>(from + 48, to + 48));
  }
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** A bit for each of 16 numbers that is far. */
export function sixteenFar<T>(words: usize): u32 {
  let low = isFar<T>(words);
  let high = isFar<T>(words + 16);
  if (sizeof<T>() == 4) {
    low = i16x8.narrow_i32x4_s(low, high);
    high = i16x8.narrow_i32x4_s(isFar<T>(words + 32), isFar<T>(words + 48));
  }
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** A bit for each of the 16 numbers from one on that come before the end. */
// @ts-ignore: decorator
@inline
export function sixteenOf(i: usize, end: usize): u32 {
  return end - i < 16 ? (1 << <u32>(end - i)) - 1 : 0xffff;
}
