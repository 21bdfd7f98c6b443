// The loops of the exact codec over a tensor's numbers, of 16 bits or, where `wide`, of 32. Numbers come in blocks; of a block that
// is not full, memory behind its end may be read and written.

/** Numbers of a block: there is a level for each. */
const BLOCK: usize = 1024;
/** The shares of a table add up to 2^12. */
const SHARE_BITS: u32 = 12;
const PLACES: u32 = 1 << SHARE_BITS;
/** Contexts are below this. */
const CONTEXTS: usize = 64;
/** As many sizes as this has each context in `COUNTS`. */
const ROW: usize = 128;

/** For each context the address of its table: for each of its places what `decode` finds there. */
export const STARTS: usize = 0;
/** The four states. */
export const STATES: usize = 256;
/** One block of octaves, of contexts, of numbers. */
export const OCTAVES: usize = 1024;
export const BLOCK_CONTEXTS: usize = OCTAVES + BLOCK;
export const VALUES: usize = 2 * BLOCK_CONTEXTS;
/** How often each size comes in each context; to `encode` its share, and above it the first of its places. */
export const COUNTS: usize = 16384;
export const TABLES: usize = 65536;
/** From here on memory is the caller's. */
export const FREE: usize = TABLES + CONTEXTS * PLACES * 4;

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
    v128.store(OCTAVES + i, i8x16.narrow_i16x8_u(low, high));
  }
}

/** The octave of each of a block's words: its exponent above `floor`, or 0. */
export function octaves(wide: bool, words: usize, count: usize, below: i32, mantissa: i32, floor: i32): void {
  if (wide) octavesOf<i32>(words, count, below, mantissa, floor);
  else octavesOf<i16>(words, count, below, mantissa, floor);
}

/** Contexts of the block of octaves: the level less two for each octave, 1 to 63. */
export function contexts(level: i32, count: usize, to: usize): void {
  const highest = i8x16.splat(<i8>(CONTEXTS - 1));
  for (let i: usize = 0; i < count; i += 16) {
    const octave = v128.load(OCTAVES + i);
    const context = i8x16.sub_sat_u(i8x16.splat(<i8>level), i8x16.add_sat_u(octave, octave));
    v128.store(to + i, i8x16.max_u(i8x16.splat(1), i8x16.min_u(highest, context)));
  }
}

// @ts-ignore: decorator
@inline
function changesOf<T, U>(from: usize, to: usize, count: usize, below: i32, values: usize): f64 {
  const mask = v128.splat<T>(<T>below);
  for (let i: usize = 0; i < count * sizeof<T>(); i += 16) {
    const before = ordered<T>(v128.load(from + i), mask);
    const change = v128.sub<T>(ordered<T>(v128.load(to + i), mask), before);
    v128.store(values + i, v128.xor(v128.shl<T>(change, 1), v128.shr<T>(change, 8 * sizeof<T>() - 1)));
  }
  let sum: f64 = 0;
  for (let i: usize = 0; i < count; i++) {
    // 2^(octave - 1): a change of -1 or 1 is a value of 1 or 2.
    const step = reinterpret<f64>((<u64>load<u8>(OCTAVES + i) + 1022) << 52);
    sum += step * <f64>(<u32>load<U>(values + i * sizeof<T>()));
  }
  return sum;
}

/** What is added to a block's integers, mapped 0, -1, 1, -2 … to 0, 1, 2, 3 …; and how much, in steps of octave 0, all of it is. */
export function changes(wide: bool, from: usize, to: usize, count: usize, below: i32, values: usize): f64 {
  if (wide) return changesOf<i32, u32>(from, to, count, below, values);
  return changesOf<i16, u16>(from, to, count, below, values);
}

// @ts-ignore: decorator
@inline
function moveOf<T, U>(words: usize, count: usize, below: i32, sign: i32): void {
  const mask = v128.splat<T>(<T>below);
  const way = v128.splat<T>(<T>sign);
  for (let i: usize = 0; i < count * sizeof<T>(); i += 16) {
    const value = v128.load(VALUES + i);
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

/** Bits of a number below its first three. */
// @ts-ignore: decorator
@inline
function openBits(value: u32): u32 {
  return max(29 - <i32>clz(value), 0);
}

/** Where a number's size stands in `COUNTS`: itself, or the place of its first bit and the two bits after it. */
// @ts-ignore: decorator
@inline
function slot(context: usize, value: u32, open: u32): usize {
  return COUNTS + (((<usize>load<u8>(context) * ROW) + (open << 2) + (value >> open)) << 2);
}

// @ts-ignore: decorator
@inline
function countOf<U>(values: usize, contexts: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const value: u32 = load<U>(values + i * sizeof<U>());
    const at = slot(contexts + i, value, openBits(value));
    store<u32>(at, load<u32>(at) + 1);
  }
}

export function count(wide: bool, values: usize, contexts: usize, count: usize): void {
  if (wide) countOf<u32>(values, contexts, count);
  else countOf<u16>(values, contexts, count);
}

// @ts-ignore: decorator
@inline
function encodeOf<U>(values: usize, contexts: usize, count: usize, words: usize, bits: usize, spare: u32): usize {
  let a = LEAST, b = LEAST, c = LEAST, d = LEAST;
  let held: u64 = 0;
  let length = spare;
  for (let i = count; i-- > 0; ) {
    const value: u32 = load<U>(values + i * sizeof<U>());
    const open = openBits(value);
    const span = load<u32>(slot(contexts + i, value, open));
    const share = span & 0xffff;
    let state = d;
    d = c;
    c = b;
    b = a;
    store<u16>(words - 2, <u16>state);
    const isFull = <u32>(state >> (31 - SHARE_BITS) >= share);
    words -= isFull << 1;
    state >>= isFull << 4;
    a = state + (state / share) * (PLACES - share) + (span >> 16);
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
  wide: bool, values: usize, contexts: usize, count: usize, words: usize, bits: usize, spare: u32,
): usize {
  if (wide) return encodeOf<u32>(values, contexts, count, words, bits, spare);
  return encodeOf<u16>(values, contexts, count, words, bits, spare);
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
    const table = load<u32>(STARTS + (<usize>load<u8>(BLOCK_CONTEXTS + i) << 2));
    const place = load<u32>(table + ((p & (PLACES - 1)) << 2));
    const state = (((place >> 8) & (PLACES - 1)) + 1) * (p >> SHARE_BITS) + (place >> 20);
    const isLow = state < LEAST;
    p = q;
    q = r;
    r = s;
    s = select<u32>((state << 16) | load<u16>(at), state, isLow);
    at += <usize>isLow << 1;
    const open = (place >> 3) & 31;
    const low = <u32>(load<u64>(first + (bit >> 3)) >> (bit & 7)) & ((1 << open) - 1);
    bit += open;
    store<U>(VALUES + i * sizeof<U>(), <U>(((place & 7) << open) | low));
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
