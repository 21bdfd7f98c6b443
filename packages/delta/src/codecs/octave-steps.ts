// What undoing an exact change needs: where a number's octave was another before. That happens near an octave's ends, so each
// nearness has a list of its own: how many numbers stay between two that leave, and how many octaves these came down or up.
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { exactKernels } from './exact-kernels.ts';
import { BLOCK, LEVEL_OF_ONE } from './levels.ts';
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

/** Nothing where all have stayed. @param base the bytes of the base's numbers */
export function encodeSteps({ bytes, form, floor, levels }: Tuned, base: Uint8Array): Uint8Array {
  if (form.below === 0) return new Uint8Array(0);
  const loops = exactKernels();
  const { bytes: width, below, mantissa } = form;
  const [from, to, out] = loops.areas(bytes.length, bytes.length, 4 * LEFT * BLOCK) as [number, number, number];
  loops.write(from, base);
  loops.write(to, bytes);
  loops.words(loops.STAYED, LISTS).fill(0);
  const lists: number[][] = Array.from({ length: LISTS }, () => []);
  for (const { level, begin, count } of changedBlocks(levels, bytes.length / width)) {
    const at = begin * width;
    const end = loops.leave(width === 4, from + at, to + at, count, below, mantissa, floor, level - MIDDLE, out);
    const left = loops.words(out, (end - out) / 4);
    for (let k = 0; k < left.length; k += LEFT)
      lists[left[k] as number]?.push(left[k + 1] as number, left[k + 2] as number);
  }
  if (lists.every(({ length }) => length === 0)) return new Uint8Array(0);
  const lengths = Uint32Array.from(lists, ({ length }) => length / 2);
  const coded = encodeNumbers(Uint32Array.from(lists.flat()), contextsOf(lengths));
  const head = Uint8Array.from(sevens(lengths));
  const whole = new Uint8Array(head.length + coded.length);
  whole.set(head);
  whole.set(coded, head.length);
  return whole;
}

function* changedBlocks(levels: Uint8Array, numbers: number) {
  for (const [block, level] of levels.entries()) {
    const begin = block * BLOCK;
    if (level > 0) yield { level, begin, count: Math.min(BLOCK, numbers - begin) };
  }
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

/** The octaves of the base's numbers, in blocks that have changed. */
export function decodeSteps({ bytes, form, floor, levels }: Tuned, coded: Uint8Array): Uint8Array {
  const { bytes: width, below, mantissa } = form;
  const octaves = new Uint8Array(bytes.length / width);
  const { lengths, values } = readLists(coded, octaves.length);
  const loops = exactKernels();
  const [pairs, to] = loops.areas(4 * values.length, bytes.length) as [number, number];
  loops.words(pairs, values.length).set(values);
  loops.write(to, bytes);
  let end = 0;
  for (const [list, length] of lengths.entries()) {
    const first = end;
    end += 2 * length;
    loops.words(loops.NEXT, LISTS)[list] = pairs + 4 * first;
    loops.words(loops.ENDS, LISTS)[list] = pairs + 4 * end;
    loops.words(loops.STAYED, LISTS)[list] = length > 0 ? (values[first] as number) : 2 ** 32 - 1;
  }
  for (const { level, begin, count } of changedBlocks(levels, octaves.length)) {
    loops.enter(width === 4, to + begin * width, count, below, mantissa, floor, level - MIDDLE);
    octaves.set(loops.bytes(loops.OCTAVES, count), begin);
  }
  return octaves;
}

function readLists(coded: Uint8Array, numbers: number) {
  if (coded.length === 0) return { lengths: new Uint32Array(LISTS), values: new Uint32Array(0) };
  const { values: lengths, length: head } = ofSevens(coded, LISTS);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > numbers) throw new DeltaError(`${total} numbers are said to have left their octave, of ${numbers}`);
  return { lengths, values: decodeNumbers(coded.subarray(head), contextsOf(lengths)) };
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
