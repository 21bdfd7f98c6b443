// A chunk of an exact change: what is added to the ordered integers of the base. How large that is depends on how far a step of
// such an integer goes, which is known of the base, and on how much its neighbors change, of which the level is stored.
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { contextsOf, decodeLevels, encodeLevels, levelsOf } from './levels.ts';
import { decodeSteps, encodeSteps } from './octave-steps.ts';
import { bytesOfOrdered, type NumberForm, octavesOf, orderedOf, signed, unsigned } from './ordered-bits.ts';

/** Above the floor numbers seldom leave their octave: their mean change is under so much of it. */
const SELDOM = 1 / 4;
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
  const [from, to] = [orderedOf(base, form), orderedOf(tuned, form)];
  const changes = changesOf(from, to, form);
  const floor = floorOf(from, changes, form);
  const octaves = octavesOf(from, form, floor);
  const levels = levelsOf(changes, octaves);
  const coded = encodeLevels(levels);
  const numbers = encodeNumbers(changes, contextsOf(levels, octaves));
  const bits = new Uint8Array(HEADER + coded.length + numbers.length);
  new DataView(bits.buffer).setUint32(0, floor + coded.length * 256, true);
  bits.set(coded, HEADER);
  bits.set(numbers, HEADER + coded.length);
  return { bits, octaves: () => encodeSteps({ to, form, floor, levels }, octaves) };
}

export function decodeBits(bits: Uint8Array, base: Uint8Array, form: NumberForm): Uint8Array {
  const ordered = orderedOf(base, form);
  const { floor, levels, numbers } = opened(bits, ordered.length);
  const changes = decodeNumbers(numbers, contextsOf(levels, octavesOf(ordered, form, floor)));
  for (let i = 0; i < ordered.length; i++) ordered[i]! += signed(changes[i] as number);
  return bytesOfOrdered(ordered, form);
}

export function undoBits({ bits, octaves: steps }: ChangeBits, tuned: Uint8Array, form: NumberForm): Uint8Array {
  const ordered = orderedOf(tuned, form);
  const { floor, levels, numbers } = opened(bits, ordered.length);
  const octaves = decodeSteps({ to: ordered, form, floor, levels }, steps);
  const changes = decodeNumbers(numbers, contextsOf(levels, octaves));
  for (let i = 0; i < ordered.length; i++) ordered[i]! -= signed(changes[i] as number);
  return bytesOfOrdered(ordered, form);
}

/** The differences, modulo the range of the integers, without a sign. */
function changesOf(from: Int32Array, to: Int32Array, { bytes }: NumberForm): Uint32Array {
  const shift = 32 - 8 * bytes;
  const changes = new Uint32Array(to.length);
  for (let i = 0; i < changes.length; i++)
    changes[i] = unsigned((((to[i] as number) - (from[i] as number)) << shift) >> shift);
  return changes;
}

function floorOf(from: Int32Array, changes: Uint32Array, { mantissa }: NumberForm): number {
  if (mantissa === null) return 0;
  const sums = new Float64Array(256);
  const counts = new Uint32Array(256);
  for (let i = 0; i < from.length; i++) {
    const word = from[i] as number;
    const exponent = (word ^ (word >> 31)) >>> mantissa;
    sums[exponent]! += (changes[i] as number) / 2;
    counts[exponent]!++;
  }
  const most = SELDOM * 2 ** mantissa;
  const floor = counts.findIndex((count, exponent) => count > 0 && (sums[exponent] as number) <= most * count);
  return floor < 0 ? 255 : floor;
}

function opened(bits: Uint8Array, count: number) {
  if (bits.length < HEADER) throw new DeltaError(`a chunk of ${bits.length} bytes is cut`);
  const header = new DataView(bits.buffer, bits.byteOffset, bits.length).getUint32(0, true);
  const [floor, length] = [header & 255, header >>> 8];
  const end = HEADER + length;
  if (end > bits.length) throw new DeltaError(`levels of ${length} bytes do not fit a chunk of ${bits.length}`);
  return { floor, levels: decodeLevels(bits.subarray(HEADER, end), count), numbers: bits.subarray(end) };
}
