// The loops of the exact codec over a tensor's numbers, of 16 bits or, where `wide`, of 32. Numbers come in blocks; of a block that
// is not full, memory behind its end may be read and written.

/** Numbers of a block: there is a level for each. */
const BLOCK: usize = 1024;
/** The shares of a table add up to 2^12. */
const SHARE_BITS: u32 = 12;
const PLACES: u32 = 1 << SHARE_BITS;
/** Contexts are below this. */
const CONTEXTS: usize = 64;
/** As many sizes as this has each context in `SPANS`. */
const ROW: usize = 128;

/** The four states. */
export const STATES: usize = 0;
/** Lists of nearness. For each how many have stayed since one left, or stay before the next one leaves; and where that one stands. */
const LISTS: i32 = 12;
export const STAYED: usize = 64;
export const NEXT: usize = STAYED + 4 * LISTS;
export const ENDS: usize = NEXT + 4 * LISTS;
/** One block of octaves, of contexts, of numbers. */
export const OCTAVES: usize = 1024;
export const BLOCK_CONTEXTS: usize = OCTAVES + BLOCK;
export const VALUES: usize = 2 * BLOCK_CONTEXTS;
/** For each context and size how often it comes; to `encode` and `decode` its share of 13 bits, its open bits of 5, its first place. */
export const SPANS: usize = 16384;
/** For each context and place the size that has it. */
export const SIZES: usize = 65536;
/** From here on memory is the caller's. */
export const FREE: usize = SIZES + CONTEXTS * PLACES;

/** A state lies between this and 2^31. */
const LEAST: u32 = 1 << 15;

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

// @ts-ignore: decorator
@inline
function countOf<U>(values: usize, count: usize, slots: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const value: u32 = load<U>(values + i * sizeof<U>());
    // Bits below the first three; the size is the number itself, or the place of its first bit and the two bits after it.
    const open = max(29 - <i32>clz(value), 0);
    const slot = <u32>load<u8>(i, BLOCK_CONTEXTS) * ROW + (open << 2) + (value >> open);
    store<u16>(slots + (i << 1), <u16>slot);
    store<u32>(slot << 2, load<u32>(slot << 2, SPANS) + 1, SPANS);
  }
}

/** Counts the sizes of a block's numbers in its contexts, and notes for each where in `SPANS` that is. */
export function count(wide: bool, values: usize, count: usize, slots: usize): void {
  if (wide) countOf<u32>(values, count, slots);
  else countOf<u16>(values, count, slots);
}

// @ts-ignore: decorator
@inline
function encodeOf<U>(values: usize, slots: usize, count: usize, words: usize, bits: usize, spare: u32): usize {
  let a = LEAST, b = LEAST, c = LEAST, d = LEAST;
  let held: u64 = 0;
  let length = spare;
  for (let i = count; i-- > 0; ) {
    const span = load<u32>(<usize>load<u16>(slots + (i << 1)) << 2, SPANS);
    const share = span & 0x1fff;
    const open = (span >> 13) & 31;
    let state = d;
    d = c;
    c = b;
    b = a;
    store<u16>(words - 2, <u16>state);
    const isFull = <u32>(state >> (31 - SHARE_BITS) >= share);
    words -= isFull << 1;
    state >>= isFull << 4;
    a = state + (state / share) * (PLACES - share) + (span >> 18);
    const value: u32 = load<U>(values + i * sizeof<U>());
    held = (held << open) | (value & ((1 << open) - 1));
    length += open;
    if (length >= 32) {
      length -= 32;
      bits -= 4;
      store<u32>(bits, <u32>(held >> length));
    }
  }
  store<u32>(STATES, a);
  store<u32>(STATES, b, 4);
  store<u32>(STATES, c, 8);
  store<u32>(STATES, d, 12);
  return words;
}

/**
 * From the last number to the first, so that they come out the other way: words downwards from where they end, to the address that
 * is returned, and open bits from where they end with `spare` ones, which fill the last 32.
 */
export function encode(
  wide: bool, values: usize, slots: usize, count: usize, words: usize, bits: usize, spare: u32,
): usize {
  if (wide) return encodeOf<u32>(values, slots, count, words, bits, spare);
  return encodeOf<u16>(values, slots, count, words, bits, spare);
}

let a: u32, b: u32, c: u32, d: u32;
let words: usize, bits: usize, end: usize;
/** The next of the open bits. */
let next: u32;

/** Begins to decode numbers by the states that lie there, words and, up to the end, open bits. */
export function start(fromWords: usize, fromBits: usize, to: usize): void {
  a = load<u32>(STATES);
  b = load<u32>(STATES, 4);
  c = load<u32>(STATES, 8);
  d = load<u32>(STATES, 12);
  words = fromWords;
  bits = fromBits;
  end = to;
  next = 0;
}

// @ts-ignore: decorator
@inline
function decodeOf<U>(count: usize): void {
  let p = a, q = b, r = c, s = d;
  let at = words, bit = next;
  const first = bits;
  for (let i: usize = 0; i < count; i++) {
    const context: u32 = load<u8>(i, BLOCK_CONTEXTS);
    const place = p & (PLACES - 1);
    const size: u32 = load<u8>((context << SHARE_BITS) | place, SIZES);
    const span = load<u32>((context * ROW + size) << 2, SPANS);
    const state = (span & 0x1fff) * (p >> SHARE_BITS) + place - (span >> 18);
    const isLow = state < LEAST;
    p = q;
    q = r;
    r = s;
    s = select<u32>((state << 16) | load<u16>(at), state, isLow);
    at += <usize>isLow << 1;
    const open = (span >> 13) & 31;
    const low = <u32>(load<u64>(first + (bit >> 3)) >> (bit & 7)) & ((1 << open) - 1);
    bit += open;
    store<U>(i * sizeof<U>(), <U>(((size - (open << 2)) << open) | low), VALUES);
  }
  a = p;
  b = q;
  c = r;
  d = s;
  words = at;
  next = bit;
}

/** The next block's numbers by its contexts; false where they go beyond their bytes. */
export function decode(wide: bool, count: usize): bool {
  if (wide) decodeOf<u32>(count);
  else decodeOf<u16>(count);
  return words <= bits && bits + (next >> 3) <= end;
}

/** Whether all that was encoded is decoded. */
export function isDecoded(): bool {
  return (a & b & c & d) == LEAST && (a | b | c | d) == LEAST && words == bits && bits + ((next + 7) >> 3) == end;
}

/** The octave of a number of so many bits below the sign. */
// @ts-ignore: decorator
@inline
function octaveOf(size: u32, mantissa: u32, floor: i32): i32 {
  return max(<i32>(size >> mantissa) - floor, 0);
}

/**
 * How near a number is to an end of its octave, beside what its block changes, in steps of half a power of two, 1 to 11; below 0
 * where that is the lower end. The octave of everything up to the floor has an end above only.
 */
function nearness(size: u32, octave: i32, mantissa: u32, floor: i32, level: i32): i32 {
  const octaveSize: u32 = 1 << mantissa;
  const within = octave == 0 ? size - (<u32>floor << mantissa) : size & (octaveSize - 1);
  const above = octaveSize - within;
  const isBelow = octave != 0 && within + 1 < above;
  const distance = 31 - <i32>clz(isBelow ? within + 1 : above);
  const near = max(1, min(LISTS - 1, level - 2 * (octave + distance)));
  return isBelow ? -near : near;
}

// @ts-ignore: decorator
@inline
function sizeAt(wide: bool, words: usize, i: usize, below: u32): u32 {
  return (wide ? load<u32>(words + (i << 2)) : load<u16>(words + (i << 1))) & below;
}

/**
 * Of a block's numbers those that have left their octave: three words for each, its list, how many of that stayed before, and how
 * many octaves it came down or up. Returns where they end. @param level above that of a change by 1, and half as many as there are lists
 */
export function leave(
  wide: bool, from: usize, to: usize, count: usize, below: u32, mantissa: u32, floor: i32, level: i32, out: usize,
): usize {
  for (let i: usize = 0; i < count; i++) {
    const size = sizeAt(wide, to, i, below);
    const now = octaveOf(size, mantissa, floor);
    const near = nearness(size, now, mantissa, floor, level);
    const list = abs(near);
    const stayed = STAYED + (list << 2);
    let step = octaveOf(sizeAt(wide, from, i, below), mantissa, floor) - now;
    if (step == 0) {
      store<u32>(stayed, load<u32>(stayed) + 1);
      continue;
    }
    if (near > 0) step = -step;
    store<u32>(out, list);
    store<u32>(out, load<u32>(stayed), 4);
    store<u32>(out, (step << 1) ^ (step >> 31), 8);
    store<u32>(stayed, 0);
    out += 12;
  }
  return out;
}

/** The block of octaves that a block's numbers have left, by pairs for each list: how many stay before one that leaves, and how far. */
export function enter(wide: bool, to: usize, count: usize, below: u32, mantissa: u32, floor: i32, level: i32): void {
  for (let i: usize = 0; i < count; i++) {
    const size = sizeAt(wide, to, i, below);
    let octave = octaveOf(size, mantissa, floor);
    const near = nearness(size, octave, mantissa, floor, level);
    const list = abs(near) << 2;
    const stay = load<u32>(STAYED + list);
    if (stay > 0) store<u32>(STAYED + list, stay - 1);
    else {
      const at = load<u32>(NEXT + list);
      const value = load<u32>(at, 4);
      const step = <i32>(value >> 1) ^ -<i32>(value & 1);
      octave += near < 0 ? step : -step;
      store<u32>(NEXT + list, at + 8);
      store<u32>(STAYED + list, at + 8 < load<u32>(ENDS + list) ? load<u32>(at, 8) : u32.MAX_VALUE);
    }
    store<u8>(i, <u8>octave, OCTAVES);
  }
}
