// Changes in as few bits as their contexts let them: rANS of four states, and open bits beside it.
import { BLOCK_CONTEXTS, PLACES, ROW, SHARE_BITS, SIZES, SPANS, STATES, VALUES } from './layout';

/** A state lies between this and 2^31. */
const LEAST: u32 = 1 << 15;

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
