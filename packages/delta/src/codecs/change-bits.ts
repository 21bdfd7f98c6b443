// A chunk of an exact change: what is added to the ordered integers of the base. How large that is depends on how far a step of
// such an integer goes, which is known of the base, and on how much its neighbors change, of which the level is stored.
import { DeltaError } from '../delta-error.ts';
import { decodeBlock, encodeCounted, endDecoding, startDecoding } from './ans.ts';
import { CONTEXTS, ROW } from './ans-tables.ts';
import { exactKernels } from './exact-kernels.ts';
import { BLOCK, levelOf } from './levels.ts';
import { decodeSteps, encodeSteps } from './octave-steps.ts';
import type { NumberForm } from './ordered-bits.ts';
import { decodeSmallSteps, encodeSmallSteps } from './small-steps.ts';

/** Above the floor numbers seldom leave their octave: their mean change is under so much of it. */
const SELDOM = 1 / 4;
/** Numbers of a chunk that are looked at for the floor. */
const SAMPLE = 2 ** 12;
/** Bytes of the floor, in the lowest of them, and of the length of the levels. */
const HEADER = 4;

export interface ChangeBits {
  readonly bits: Uint8Array;
  /** What undoing needs besides: in which octaves the base's numbers were. */
  readonly octaves: Uint8Array;
}

/** What undoing needs is made when it is asked for. */
export interface EncodedBits {
  readonly bits: Uint8Array;
  readonly octaves: () => Uint8Array;
}

export function encodeBits(base: Uint8Array, tuned: Uint8Array, form: NumberForm): EncodedBits {
  const floor = floorOf(base, tuned, form);
  const { levels, numbers } = encodeChanges(base, tuned, form, floor);
  const coded = encodeSmallSteps(levels);
  const bits = new Uint8Array(HEADER + coded.length + numbers.length);
  new DataView(bits.buffer).setUint32(0, floor + coded.length * 256, true);
  bits.set(coded, HEADER);
  bits.set(numbers, HEADER + coded.length);
  return { bits, octaves: () => encodeSteps({ bytes: tuned, form, floor, levels }, base) };
}

/** Numbers of blocks in which nothing has changed are left out. */
function encodeChanges(base: Uint8Array, tuned: Uint8Array, { bytes, below, mantissa }: NumberForm, floor: number) {
  const loops = exactKernels();
  const [size, total] = [base.length, base.length / bytes];
  const wide = bytes === 4;
  const [from, to, values, slots] = loops.areas(size, size, size, 2 * total) as [number, number, number, number];
  loops.write(from, base);
  loops.write(to, tuned);
  loops.words(loops.SPANS, CONTEXTS * ROW).fill(0);
  const levels = new Uint8Array(Math.ceil(total / BLOCK));
  let count = 0;
  for (let block = 0; block < levels.length; block++) {
    const begin = block * BLOCK;
    const some = Math.min(BLOCK, total - begin);
    const [before, now] = [from + begin * bytes, values + count * bytes];
    loops.octaves(wide, before, some, below, mantissa, floor);
    const level = levelOf(loops.changes(wide, before, to + begin * bytes, some, below, now));
    levels[block] = level;
    if (level === 0) continue;
    loops.contexts(level, some);
    loops.count(wide, now, some, slots + 2 * count);
    count += some;
  }
  // Both models are read by then: there is room where they were.
  const numbers = count > 0 ? encodeCounted({ wide, values, slots, count, words: from, bits: to }) : NOTHING;
  return { levels, numbers };
}

const NOTHING = new Uint8Array(0);

export function decodeBits(bits: Uint8Array, base: Uint8Array, form: NumberForm): Uint8Array {
  return moved(opened(bits, base.length / form.bytes), base, form, null);
}

export function undoBits({ bits, octaves: steps }: ChangeBits, tuned: Uint8Array, form: NumberForm): Uint8Array {
  const chunk = opened(bits, tuned.length / form.bytes);
  return moved(chunk, tuned, form, decodeSteps({ bytes: tuned, form, ...chunk }, steps));
}

/** With the changes, or, where the octaves of what comes out are given, without them. */
function moved({ floor, levels, numbers }: Opened, bytes: Uint8Array, form: NumberForm, octaves: Uint8Array | null) {
  const loops = exactKernels();
  const wide = form.bytes === 4;
  const [stream, words] = loops.areas(numbers.length, bytes.length) as [number, number];
  loops.write(words, bytes);
  const isChanged = levels.some((level) => level > 0);
  if (isChanged) startDecoding(numbers, stream);
  for (let block = 0; block < levels.length; block++) {
    const level = levels[block] as number;
    if (level === 0) continue;
    const begin = block * BLOCK;
    const count = Math.min(BLOCK, bytes.length / form.bytes - begin);
    const at = words + begin * form.bytes;
    if (octaves) loops.write(loops.OCTAVES, octaves.subarray(begin, begin + count));
    else loops.octaves(wide, at, count, form.below, form.mantissa, floor);
    loops.contexts(level, count);
    decodeBlock(wide, count);
    loops.move(wide, at, count, form.below, octaves ? -1 : 0);
  }
  if (isChanged) endDecoding();
  else if (numbers.length > 0) throw new DeltaError(`a chunk without a change has ${numbers.length} bytes of numbers`);
  return loops.bytes(words, bytes.length).slice();
}

/** The octave from which on numbers seldom leave theirs. */
function floorOf(base: Uint8Array, tuned: Uint8Array, form: NumberForm): number {
  const { bytes, below, mantissa } = form;
  if (below === 0) return 0;
  const [from, to] = [base, tuned].map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset)) as [
    DataView,
    DataView,
  ];
  const wordAt = (view: DataView, i: number) => (bytes === 4 ? view.getInt32(4 * i, true) : view.getInt16(2 * i, true));
  const shift = 32 - 8 * bytes;
  const sums = new Float64Array(256);
  const counts = new Uint32Array(256);
  const total = base.length / bytes;
  // An odd step meets every column of a matrix.
  const step = Math.floor(total / SAMPLE) | 1;
  for (let i = 0; i < total; i += step) {
    const [a, b] = [wordAt(from, i), wordAt(to, i)];
    const change = ((b ^ ((b >> 31) & below)) - (a ^ ((a >> 31) & below))) << shift;
    const exponent = (a & below) >>> mantissa;
    sums[exponent]! += Math.abs(change >> shift);
    counts[exponent]!++;
  }
  const most = SELDOM * 2 ** mantissa;
  const floor = counts.findIndex((count, exponent) => count > 0 && (sums[exponent] as number) <= most * count);
  return floor < 0 ? 255 : floor;
}

interface Opened {
  readonly floor: number;
  readonly levels: Uint8Array;
  readonly numbers: Uint8Array;
}

function opened(bits: Uint8Array, count: number): Opened {
  if (bits.length < HEADER) throw new DeltaError(`a chunk of ${bits.length} bytes is cut`);
  const header = new DataView(bits.buffer, bits.byteOffset, bits.length).getUint32(0, true);
  const [floor, length] = [header & 255, header >>> 8];
  const end = HEADER + length;
  if (end > bits.length) throw new DeltaError(`levels of ${length} bytes do not fit a chunk of ${bits.length}`);
  const { values: levels } = decodeSmallSteps(bits.subarray(HEADER, end), Math.ceil(count / BLOCK), 256);
  return { floor, levels, numbers: bits.subarray(end) };
}
