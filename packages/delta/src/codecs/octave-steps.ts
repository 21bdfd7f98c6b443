// What undoing an exact change needs: where a number's octave was another before. That happens near an octave's ends, so each
// nearness has a list of its own: how many numbers stay between two that leave, and how many octaves these came down or up.
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { BLOCK, LEVEL_OF_ONE } from './levels.ts';
import { type NumberForm, octavesOf, signed, unsigned, wordsOf } from './ordered-bits.ts';

/** What is known of the tuned numbers. */
export interface Tuned {
  readonly bytes: Uint8Array;
  readonly form: NumberForm;
  readonly floor: number;
  readonly levels: Uint8Array;
}

/** Nearness 0 is that of a number that cannot have left. */
const LISTS = 12;

/** Nothing where all have stayed. @param before the octaves of the base's numbers */
export function encodeSteps(tuned: Tuned, before: Uint8Array): Uint8Array {
  const now = octavesOf(tuned.bytes, tuned.form, tuned.floor);
  const near = nearnessOf(tuned, now);
  const lists: number[][] = Array.from({ length: LISTS }, () => []);
  const stayed = new Uint32Array(LISTS);
  for (let i = 0; i < now.length; i++) {
    const one = Math.abs(near[i] as number);
    const step = (before[i] as number) - (now[i] as number);
    if (step === 0) {
      stayed[one]!++;
      continue;
    }
    lists[one]?.push(stayed[one] as number, unsigned((near[i] as number) < 0 ? step : -step));
    stayed[one] = 0;
  }
  if (lists.every(({ length }) => length === 0)) return new Uint8Array(0);
  const lengths = Uint32Array.from(lists, ({ length }) => length / 2);
  const coded = encodeNumbers(Uint32Array.from(lists.flat()), contextsOf(lengths));
  const head = Uint8Array.from(sevens(lengths));
  const out = new Uint8Array(head.length + coded.length);
  out.set(head);
  out.set(coded, head.length);
  return out;
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

/** The octaves of the base's numbers. */
export function decodeSteps(tuned: Tuned, bytes: Uint8Array): Uint8Array {
  const octaves = octavesOf(tuned.bytes, tuned.form, tuned.floor);
  if (bytes.length === 0) return octaves;
  const near = nearnessOf(tuned, octaves);
  const { values: lengths, length: head } = ofSevens(bytes, LISTS);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > octaves.length)
    throw new DeltaError(`${total} numbers are said to have left their octave, of ${octaves.length}`);
  const values = decodeNumbers(bytes.subarray(head), contextsOf(lengths));
  const ends = lengths.map((_, list) => 2 * lengths.subarray(0, list + 1).reduce((sum, length) => sum + length, 0));
  const at = ends.map((end, list) => end - 2 * (lengths[list] as number));
  const stay = Float64Array.from(at, (first, list) => nextOf(first, ends[list] as number));
  for (let i = 0; i < octaves.length; i++) {
    const one = Math.abs(near[i] as number);
    if (stay[one]!-- > 0) continue;
    const step = signed(values[(at[one] as number) + 1] as number);
    octaves[i]! += (near[i] as number) < 0 ? step : -step;
    at[one]! += 2;
    stay[one] = nextOf(at[one] as number, ends[one] as number);
  }
  return octaves;

  /** How many stay before the next one leaves. */
  function nextOf(place: number, end: number): number {
    return place < end ? (values[place] as number) : Number.POSITIVE_INFINITY;
  }
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

/** How near each number is to an end of its octave, beside what its block changes, in steps of half a power of two; below 0 where that is the lower end. */
function nearnessOf({ bytes, form, floor, levels }: Tuned, octaves: Uint8Array): Int8Array {
  const near = new Int8Array(octaves.length);
  const { below, mantissa } = form;
  if (below === 0) return near;
  const words = wordsOf(bytes, form);
  const octaveSize = 1 << mantissa;
  const start = floor << mantissa;
  for (let block = 0; block < levels.length; block++) {
    const level = levels[block] as number;
    if (level === 0) continue;
    const end = Math.min((block + 1) * BLOCK, near.length);
    for (let i = block * BLOCK; i < end; i++) {
      const octave = octaves[i] as number;
      const size = (words[i] as number) & below;
      // The octave of everything up to the floor has an end above only.
      const within = octave === 0 ? size - start : size & (octaveSize - 1);
      const above = octaveSize - within;
      const isBelow = octave !== 0 && within + 1 < above;
      const distance = 31 - Math.clz32(isBelow ? within + 1 : above);
      const one = level - LEVEL_OF_ONE - 2 * octave - 2 * distance + LISTS / 2;
      const limited = Math.max(1, Math.min(LISTS - 1, one));
      near[i] = isBelow ? -limited : limited;
    }
  }
  return near;
}
