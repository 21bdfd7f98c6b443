// Octaves, contexts and changes of a block's numbers.
import { BLOCK_CONTEXTS, CONTEXTS, OCTAVES, VALUES } from './layout';

/** Integers that rise with the numbers, of words: with a sign, the bits `below` it grow downwards. The same leads back. */
// @ts-ignore: decorator
@inline
function ordered<T>(word: v128, below: v128): v128 {
  return v128.xor(word, v128.and(v128.shr<T>(word, 8 * sizeof<T>() - 1), below));
}

// @ts-ignore: decorator
@inline
function octave<T>(at: usize, below: v128, mantissa: i32, floor: v128): v128 {
  const exponent = v128.shr<T>(v128.and(v128.load(at), below), mantissa);
  return v128.max<T>(v128.sub<T>(exponent, floor), i64x2.splat(0));
}

// @ts-ignore: decorator
@inline
function octavesOf<T>(words: usize, count: usize, below: i32, mantissa: i32, floor: i32): void {
  const mask = v128.splat<T>(<T>below);
  const least = v128.splat<T>(<T>floor);
  for (let i: usize = 0; i < count; i += 16) {
    const at = words + i * sizeof<T>();
    let low = octave<T>(at, mask, mantissa, least);
    let high = octave<T>(at + 16, mask, mantissa, least);
    if (sizeof<T>() == 4) {
      const third = octave<T>(at + 32, mask, mantissa, least);
      low = i16x8.narrow_i32x4_u(low, high);
      high = i16x8.narrow_i32x4_u(third, octave<T>(at + 48, mask, mantissa, least));
    }
    v128.store(i, i8x16.narrow_i16x8_u(low, high), OCTAVES);
  }
}

/** The octave of each of a block's words: its exponent above `floor`, or 0. */
export function octaves(wide: bool, words: usize, count: usize, below: i32, mantissa: i32, floor: i32): void {
  if (wide) octavesOf<i32>(words, count, below, mantissa, floor);
  else octavesOf<i16>(words, count, below, mantissa, floor);
}

/** Contexts of the block of octaves: the level less two for each octave, 1 to 63. */
export function contexts(level: i32, count: usize): void {
  const highest = i8x16.splat(<i8>(CONTEXTS - 1));
  for (let i: usize = 0; i < count; i += 16) {
    const octave = v128.load(i, OCTAVES);
    const context = i8x16.sub_sat_u(i8x16.splat(<i8>level), i8x16.add_sat_u(octave, octave));
    v128.store(i, i8x16.max_u(i8x16.splat(1), i8x16.min_u(highest, context)), BLOCK_CONTEXTS);
  }
}

// @ts-ignore: decorator
@inline
function changesOf<T>(from: usize, to: usize, count: usize, below: i32, values: usize): f64 {
  const mask = v128.splat<T>(<T>below);
  for (let i: usize = 0; i < count * sizeof<T>(); i += 16) {
    const before = ordered<T>(v128.load(from + i), mask);
    const change = v128.sub<T>(ordered<T>(v128.load(to + i), mask), before);
    v128.store(values + i, v128.xor(v128.shl<T>(change, 1), v128.shr<T>(change, 8 * sizeof<T>() - 1)));
  }
  // Behind a block that is not full nothing changes.
  v128.store(values + count * sizeof<T>(), i64x2.splat(0));
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    const octave = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(i, OCTAVES)));
    // 2^(octave - 1): a change of -1 or 1 is a value of 1 or 2.
    const step = i32x4.shl(i32x4.add(i32x4.min_u(octave, i32x4.splat(96)), i32x4.splat(126)), 23);
    const at = values + i * sizeof<T>();
    const value = sizeof<T>() == 2 ? v128.load16x4_u(at) : v128.load(at);
    sums = f32x4.add(sums, f32x4.mul(step, f32x4.convert_i32x4_u(value)));
  }
  return <f64>f32x4.extract_lane(sums, 0) + <f64>f32x4.extract_lane(sums, 1) +
    <f64>f32x4.extract_lane(sums, 2) + <f64>f32x4.extract_lane(sums, 3);
}

/** What is added to a block's integers, mapped 0, -1, 1, -2 … to 0, 1, 2, 3 …; and how much, in steps of octave 0, all of it is. */
export function changes(wide: bool, from: usize, to: usize, count: usize, below: i32, values: usize): f64 {
  if (wide) return changesOf<i32>(from, to, count, below, values);
  return changesOf<i16>(from, to, count, below, values);
}

// @ts-ignore: decorator
@inline
function moveOf<T, U>(words: usize, count: usize, below: i32, sign: i32): void {
  const mask = v128.splat<T>(<T>below);
  const way = v128.splat<T>(<T>sign);
  for (let i: usize = 0; i < count * sizeof<T>(); i += 16) {
    const value = v128.load(i, VALUES);
    const change = v128.xor(v128.shr<U>(value, 1), v128.neg<T>(v128.and(value, v128.splat<T>(1))));
    const signed = v128.sub<T>(v128.xor(change, way), way);
    v128.store(words + i, ordered<T>(v128.add<T>(ordered<T>(v128.load(words + i), mask), signed), mask));
  }
}

/** Adds the block of changes to words, or takes it off where `sign` is -1 and not 0. */
export function move(wide: bool, words: usize, count: usize, below: i32, sign: i32): void {
  if (wide) moveOf<i32, u32>(words, count, below, sign);
  else moveOf<i16, u16>(words, count, below, sign);
}
