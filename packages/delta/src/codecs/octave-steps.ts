// What undoing an exact change needs: where a number's octave was another before. That happens near an octave's ends, so each
// nearness has a list of its own: how many numbers stay between two that leave, and how many octaves these came down or up.
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { leavingKernels } from './leaving-kernels.ts';
import { LEVEL_OF_ONE } from './levels.ts';
import type { NumberForm } from './ordered-bits.ts';

/** What is known of the tuned numbers. */
export interface Tuned {
  readonly bytes: Uint8Array;
  readonly form: NumberForm;
  readonly floor: number;
  readonly levels: Uint8Array;
}

/** As in assembly/. Nearness 0 would be that of a number that cannot have left. */
const LISTS = 12;
/** A block's level less this, twice the octave and twice the distance to its end is the list of a number. */
const MIDDLE = LEVEL_OF_ONE - LISTS / 2;
/** Words of one that has left. */
const LEFT = 3;

const NOTHING = new Uint8Array(0);

/** Whether there is an octave above the lowest, so that a number can leave one. */
function haveOctaves({ form, floor }: Tuned): boolean {
  return floor < form.below >> form.mantissa;
}

/** Nothing where all have stayed. @param base the bytes of the base's numbers */
export function encodeSteps(tuned: Tuned, base: Uint8Array): Uint8Array {
  if (!haveOctaves(tuned)) return NOTHING;
  const { bytes, form, floor, levels } = tuned;
  const loops = leavingKernels();
  const count = bytes.length / form.bytes;
  const sizes = [bytes.length, bytes.length, levels.length, 4 * LEFT * count];
  const [from, to, blocks, out] = loops.areas(...sizes) as [number, number, number, number];
  loops.write(from, base);
  loops.write(to, bytes);
  loops.write(blocks, levels);
  loops.setForm(form.below, form.mantissa, floor);
  const end = loops.leave(form.bytes === 4, from, to, count, blocks, MIDDLE, out);
  if (end === out) return NOTHING;
  const { lengths, pairs } = inLists(loops.words(out, (end - out) / 4));
  const coded = encodeNumbers(pairs, contextsOf(lengths));
  const head = Uint8Array.from(sevens(lengths));
  const whole = new Uint8Array(head.length + coded.length);
  whole.set(head);
  whole.set(coded, head.length);
  return whole;
}

/** List by list what comes in words of its list and of a pair. */
function inLists(left: Uint32Array): { readonly lengths: Uint32Array; readonly pairs: Uint32Array } {
  const lengths = new Uint32Array(LISTS);
  for (let k = 0; k < left.length; k += LEFT) lengths[left[k] as number]!++;
  const next = startsOf(lengths);
  const pairs = new Uint32Array((2 * left.length) / LEFT);
  for (let k = 0; k < left.length; k += LEFT) {
    const at = 2 * next[left[k] as number]!++;
    pairs[at] = left[k + 1] as number;
    pairs[at + 1] = left[k + 2] as number;
  }
  return { lengths, pairs };
}

/** How many come before each list. */
function startsOf(lengths: Uint32Array): Uint32Array {
  let total = 0;
  return lengths.map((length) => {
    total += length;
    return total - length;
  });
}

/** Whole numbers in bytes of seven bits, the lowest first; the eighth says that more follow. */
function* sevens(values: Uint32Array): Generator<number> {
  for (let value of values) {
    for (; value > 127; value >>>= 7) yield (value & 127) | 128;
    yield value;
  }
}

/** So many of them, and the bytes that they took. */
function ofSevens(bytes: Uint8Array, count: number) {
  let at = 0;
  const values = Uint32Array.from({ length: count }, () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new DeltaError(`octaves of ${bytes.length} bytes are cut`);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  });
  return { values, length: at };
}

/** The octaves of the base's numbers; of blocks that have not changed any. */
export function decodeSteps(tuned: Tuned, coded: Uint8Array): Uint8Array {
  const { bytes, form, floor, levels } = tuned;
  const count = bytes.length / form.bytes;
  const { lengths, pairs } = readLists(coded, count);
  if (!haveOctaves(tuned)) return new Uint8Array(count);
  const loops = leavingKernels();
  const sizes = [4 * pairs.length, bytes.length, levels.length, count];
  const [from, to, blocks, octaves] = loops.areas(...sizes) as [number, number, number, number];
  loops.words(from, pairs.length).set(pairs);
  loops.write(to, bytes);
  loops.write(blocks, levels);
  for (const [list, start] of startsOf(lengths).entries()) {
    const length = lengths[list] as number;
    loops.words(loops.NEXT, LISTS)[list] = from + 8 * start;
    loops.words(loops.ENDS, LISTS)[list] = from + 8 * (start + length);
    loops.words(loops.STAYED, LISTS)[list] = length > 0 ? (pairs[2 * start] as number) : 2 ** 32 - 1;
  }
  loops.setForm(form.below, form.mantissa, floor);
  loops.enter(form.bytes === 4, to, count, blocks, MIDDLE, octaves);
  return loops.bytes(octaves, count).slice();
}

function readLists(coded: Uint8Array, numbers: number) {
  if (coded.length === 0) return { lengths: new Uint32Array(LISTS), pairs: new Uint32Array(0) };
  const { values: lengths, length: head } = ofSevens(coded, LISTS);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > numbers) throw new DeltaError(`${total} numbers are said to have left their octave, of ${numbers}`);
  return { lengths, pairs: decodeNumbers(coded.subarray(head), contextsOf(lengths)) };
}

/** For each list the contexts of its pairs. */
function contextsOf(lengths: Uint32Array): Uint8Array {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const contexts = new Uint8Array(2 * total);
  let at = 0;
  for (const [list, length] of lengths.entries())
    for (let k = 0; k < length; k++) {
      contexts[at++] = 2 * list;
      contexts[at++] = 2 * list + 1;
    }
  return contexts;
}
