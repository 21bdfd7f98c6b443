// Numbers below 2^32 in few bits: the size of each by asymmetric numeral systems (rANS, arXiv 1311.2540) with the table of its
// context, and the bits below its first three as they are. Two states take turns, so that neither waits for the other.
import { DeltaError } from '../delta-error.ts';
import { CONTEXTS, makeTables, PLACES, readTables, SHARE_BITS, SIZES } from './ans-tables.ts';

/** A state lies between this and 2^31. */
const LEAST = 2 ** 15;
/** Words of both states and of the number of words that they took. */
const FIXED = 6;

/** 0 to 3 are their own sizes; of others the place of the first bit and the two bits after it. */
function sizeOf(z: number): number {
  if (z >>> 2 === 0) return z;
  const low = 29 - Math.clz32(z);
  return (low << 2) + (z >>> low);
}

/** Bits that a size leaves open. */
function openBits(size: number): number {
  return size < 8 ? 0 : (size >>> 2) - 1;
}

/** Each number with its context, below `CONTEXTS`: the tables, the states and their words, the open bits. */
export function encodeNumbers(values: Uint32Array, contexts: Uint8Array): Uint8Array {
  const count = values.length;
  const sizes = new Uint8Array(count);
  const counts = new Uint32Array(CONTEXTS * SIZES);
  let open = 0;
  for (let i = 0; i < count; i++) {
    const size = sizeOf(values[i] as number);
    sizes[i] = size;
    open += openBits(size);
    counts[(contexts[i] as number) * SIZES + size]!++;
  }
  const { header, tableOf, shares } = makeTables(counts);
  const spans = spansOf(tableOf, shares);
  const words = new Uint16Array(count);
  let [state, other, at] = [LEAST, LEAST, count];
  // From the last to the first, so that they come out the other way.
  for (let i = count - 1; i >= 0; i--) {
    const span = spans[(contexts[i] as number) * SIZES + (sizes[i] as number)] as number;
    const share = span & 0xffff;
    if (state >>> (31 - SHARE_BITS) >= share) {
      words[--at] = state;
      state >>>= 16;
    }
    const times = (state / share) | 0;
    const next = (times << SHARE_BITS) + (state - times * share) + (span >>> 16);
    state = other;
    other = next;
  }
  const used = words.subarray(at);
  const start = header.length + (header.length & 1);
  const out = new Uint16Array(start / 2 + FIXED + used.length + Math.ceil(open / 16));
  new Uint8Array(out.buffer).set(header);
  out.set(new Uint16Array(Int32Array.of(other, state).buffer), start / 2);
  out.set(new Uint16Array(Uint32Array.of(used.length).buffer), start / 2 + 4);
  out.set(used, start / 2 + FIXED);
  writeOpenBits(values, sizes, out.subarray(start / 2 + FIXED + used.length));
  return new Uint8Array(out.buffer);
}

/** For each context and size its share, and above it the first of its places. */
function spansOf(tableOf: Int8Array, shares: readonly Uint16Array[]): Uint32Array {
  const spans = new Uint32Array(CONTEXTS * SIZES);
  for (const [context, table] of tableOf.entries()) {
    if (table < 0) continue;
    let first = 0;
    for (const [size, share] of (shares[table] as Uint16Array).entries()) {
      spans[context * SIZES + size] = share | (first << 16);
      first += share;
    }
  }
  return spans;
}

function writeOpenBits(values: Uint32Array, sizes: Uint8Array, out: Uint16Array): void {
  let [held, bits, at] = [0, 0, 0];
  for (let i = 0; i < sizes.length; i++) {
    let value = values[i] as number;
    for (let left = openBits(sizes[i] as number); left > 0; left -= 16) {
      const some = Math.min(left, 16);
      held |= (value & ((1 << some) - 1)) << bits;
      value >>>= 16;
      bits += some;
      if (bits < 16) continue;
      out[at++] = held;
      held >>>= 16;
      bits -= 16;
    }
  }
  if (bits > 0) out[at] = held;
}

/** What `encodeNumbers` was given. @throws where it is not what it wrote for these contexts */
export function decodeNumbers(bytes: Uint8Array, contexts: Uint8Array): Uint32Array {
  const comes = new Uint8Array(CONTEXTS);
  for (let i = 0; i < contexts.length; i++) comes[contexts[i] as number] = 1;
  const { tableOf, shares, length } = readTables(bytes, comes);
  const start = length + (length & 1);
  if (start + 2 * FIXED > bytes.length || bytes.length % 2 === 1)
    throw new DeltaError(`numbers of ${bytes.length} bytes are cut`);
  const words = new Uint16Array(bytes.slice(start).buffer);
  const used = (words[4] as number) + (words[5] as number) * 2 ** 16;
  const end = FIXED + used;
  if (end > words.length) throw new DeltaError(`${used} words of numbers do not fit ${bytes.length} bytes`);
  const { places, starts } = placesOf(tableOf, shares);
  const values = new Uint32Array(contexts.length);
  let [state, other] = new Int32Array(words.buffer, 0, 2) as unknown as [number, number];
  let [at, next, held, bits] = [FIXED, end, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const place = places[(starts[contexts[i] as number] as number) + (state & (PLACES - 1))] as number;
    let after = Math.imul(((place >>> 8) & 0xfff) + 1, state >>> SHARE_BITS) + (place >>> 20);
    if (after < LEAST) after = (after << 16) | (words[at++] as number);
    state = other;
    other = after;
    const size = place & 0xff;
    if (size < 8) {
      values[i] = size;
      continue;
    }
    const open = (size >>> 2) - 1;
    let low = 0;
    // Sixteen at a time: together with those that are held they fit a word of 32 bits.
    for (let read = 0; read < open; read += 16) {
      const some = Math.min(open - read, 16);
      if (bits < some) {
        held |= (words[next++] as number) << bits;
        bits += 16;
      }
      low |= (held & ((1 << some) - 1)) << read;
      held >>>= some;
      bits -= some;
    }
    values[i] = ((4 + (size & 3)) << open) | low;
  }
  if (at === end && next === words.length && state === LEAST && other === LEAST) return values;
  throw new DeltaError('the numbers do not end where their bytes do');
}

/** For each table's 2^12 places the size, its share less one, and how far the place lies behind its first. */
function placesOf(tableOf: Int8Array, shares: readonly Uint16Array[]) {
  const places = new Int32Array(shares.length * PLACES);
  let at = 0;
  for (const table of shares)
    for (const [size, share] of table.entries())
      for (let k = 0; k < share; k++) places[at++] = size | ((share - 1) << 8) | (k << 20);
  return { places, starts: Int32Array.from(tableOf, (table) => table * PLACES) };
}
