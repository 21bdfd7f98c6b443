// Numbers below 2^32 in few bits: the size of each by asymmetric numeral systems (rANS, arXiv 1311.2540) with the table of its
// context, and the bits below its first three as they are. Four states take turns, so that none waits for the others.
import { DeltaError } from '../delta-error.ts';
import { CONTEXTS, makeTables, PLACES, ROW, readTables } from './ans-tables.ts';
import { type ExactKernels, exactKernels } from './exact-kernels.ts';
import { BLOCK } from './levels.ts';

/** Bytes of the states and of the number of words. */
const FIXED = 20;

/** Bits that a size leaves open. */
function openBits(size: number): number {
  return size < 8 ? 0 : (size >>> 2) - 1;
}

/** Each number with its context, below `CONTEXTS`: the tables, the states and their words, the open bits. */
export function encodeNumbers(values: Uint32Array, contexts: Uint8Array): Uint8Array {
  const count = values.length;
  const loops = exactKernels();
  const [from, slots, words, bits] = loops.areas(4 * count, 2 * count, 2 * count, 4 * count) as [
    number,
    number,
    number,
    number,
  ];
  loops.words(from, count).set(values);
  loops.words(loops.SPANS, CONTEXTS * ROW).fill(0);
  for (let begin = 0; begin < count; begin += BLOCK) {
    const some = contexts.subarray(begin, begin + BLOCK);
    loops.write(loops.BLOCK_CONTEXTS, some);
    loops.count(true, from + 4 * begin, some.length, slots + 2 * begin);
  }
  return encodeCounted({ wide: true, values: from, slots, count, words, bits });
}

/** Numbers in the kernels' memory, whose sizes were counted; and areas, of 16 bits for each number and of all their bits. */
export interface Counted {
  readonly wide: boolean;
  readonly values: number;
  readonly slots: number;
  readonly count: number;
  readonly words: number;
  readonly bits: number;
}

export function encodeCounted({ wide, values, slots, count, words, bits }: Counted): Uint8Array {
  const loops = exactKernels();
  const counts = loops.words(loops.SPANS, CONTEXTS * ROW);
  let open = 0;
  for (let at = 0; at < counts.length; at++) open += (counts[at] as number) * openBits(at & (ROW - 1));
  const { header, tableOf, shares } = makeTables(counts);
  writeSpans(loops, tableOf, shares);
  const [wordsEnd, length] = [words + 2 * count, Math.ceil(open / 8)];
  const spare = -open & 31;
  const start = loops.encode(wide, values, slots, count, wordsEnd, bits + (open + spare) / 8, spare);
  const used = wordsEnd - start;
  const out = new Uint8Array(header.length + FIXED + used + length);
  out.set(header);
  out.set(loops.bytes(loops.STATES, FIXED - 4), header.length);
  new DataView(out.buffer).setUint32(header.length + FIXED - 4, used / 2, true);
  out.set(loops.bytes(start, used), header.length + FIXED);
  out.set(loops.bytes(bits, length), header.length + FIXED + used);
  return out;
}

/** Of each context's sizes what both ways need: the share, the open bits and the first place. */
function writeSpans(loops: ExactKernels, tableOf: Uint32Array, shares: readonly Uint16Array[]): void {
  const spans = shares.map(spansOf);
  const all = loops.words(loops.SPANS, CONTEXTS * ROW);
  for (let context = 0; context < CONTEXTS; context++)
    all.set(spans[tableOf[context] as number] as Uint32Array, context * ROW);
}

function spansOf(shares: Uint16Array): Uint32Array {
  const spans = new Uint32Array(shares.length);
  let first = 0;
  for (let size = 0; size < spans.length; size++) {
    const share = shares[size] as number;
    spans[size] = share | (openBits(size) << 13) | (first << 18);
    first += share;
  }
  return spans;
}

/** What `encodeNumbers` was given. @throws where it is not what it wrote for these contexts */
export function decodeNumbers(bytes: Uint8Array, contexts: Uint8Array): Uint32Array {
  const loops = exactKernels();
  const [stream] = loops.areas(bytes.length) as [number];
  startDecoding(bytes, stream);
  const values = new Uint32Array(contexts.length);
  for (let begin = 0; begin < values.length; begin += BLOCK) {
    const some = contexts.subarray(begin, begin + BLOCK);
    loops.write(loops.BLOCK_CONTEXTS, some);
    decodeBlock(true, some.length);
    values.set(loops.words(loops.VALUES, some.length), begin);
  }
  endDecoding();
  return values;
}

/** Makes ready to decode block after block. @param at an area for the bytes */
export function startDecoding(bytes: Uint8Array, at: number): void {
  const loops = exactKernels();
  const { tableOf, shares, length } = readTables(bytes);
  const start = length + FIXED;
  if (start > bytes.length) throw new DeltaError(`numbers of ${bytes.length} bytes are cut`);
  const used = 2 * new DataView(bytes.buffer, bytes.byteOffset).getUint32(start - 4, true);
  if (start + used > bytes.length)
    throw new DeltaError(`${used / 2} words of numbers do not fit ${bytes.length} bytes`);
  writeSpans(loops, tableOf, shares);
  writeSizes(loops, tableOf, shares);
  loops.write(loops.STATES, bytes.subarray(length, start - 4));
  loops.write(at, bytes.subarray(start));
  loops.start(at, at + used, at + bytes.length - start);
}

/** Of each context's places the size that has it. */
function writeSizes(loops: ExactKernels, tableOf: Uint32Array, shares: readonly Uint16Array[]): void {
  const sizes = loops.bytes(loops.SIZES, CONTEXTS * PLACES);
  for (let context = 0; context < CONTEXTS; context++) {
    const [table, at] = [tableOf[context] as number, context * PLACES];
    if (context > 0 && table === tableOf[context - 1]) {
      sizes.copyWithin(at, at - PLACES, at);
      continue;
    }
    let first = at;
    for (const [size, share] of (shares[table] as Uint16Array).entries()) {
      if (share > 0) sizes.fill(size, first, first + share);
      first += share;
    }
  }
}

/** The next numbers to `VALUES`, by their contexts in `BLOCK_CONTEXTS`. */
export function decodeBlock(wide: boolean, count: number): void {
  if (!exactKernels().decode(wide, count)) throw endsWrong();
}

export function endDecoding(): void {
  if (!exactKernels().isDecoded()) throw endsWrong();
}

function endsWrong(): DeltaError {
  return new DeltaError('the numbers do not end where their bytes do');
}
