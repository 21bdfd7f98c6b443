// Sparse: a share of a change's numbers, in bfloat16, and a bit for each number that says whether it is kept. The bits are
// deflated.
import type { Codec } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { additive, rowBlocks } from './additive.ts';
import { deflated, inflated } from './deflated.ts';
import { partOf, partReader } from './part-bytes.ts';
import { largest, type Selection } from './selections.ts';

export interface SparseOptions {
  /** Share of the numbers that is kept, above 0 and up to 1. */
  readonly density: number;
  /** Which ones; `largest` when left out. */
  readonly select?: Selection;
}

/**
 * Some numbers of each change.
 *
 * @example
 * const codec = sparse({ density: 0.05, select: dare() });
 */
export function sparse({ density, select = largest }: SparseOptions = { density: 0.05 }): Codec {
  if (!(density > 0 && density <= 1)) throw new DeltaError(`density is ${density}; give a number above 0, up to 1`);
  return additive({
    id: 'sparse',
    async encode(change, pause) {
      const { keeps, factor } = await select(change, density, pause);
      const masks: Uint8Array[] = [];
      const kept: Uint8Array[] = [];
      let count = 0;
      let room = new Float32Array(0);
      for (const [begin, end] of rowBlocks(change)) {
        await pause();
        const values = await change.read(begin, end);
        if (room.length < values.length) room = new Float32Array(values.length);
        const mask = new Uint8Array(Math.ceil(values.length / 8));
        let some = 0;
        for (let at = 0; at < values.length; at++) {
          const value = values[at] as number;
          if (!keeps(value)) continue;
          mask[at >> 3]! |= 1 << (at & 7);
          room[some++] = value * factor;
        }
        kept.push(encodeNumbers(room.subarray(0, some), 'BF16'));
        masks.push(await deflated(mask, 'runs'));
        count += some;
      }
      const bytes = masks.reduce((sum, { length }) => sum + length, 0);
      return {
        meta: { count },
        parts: {
          mask: { dtype: 'U8', shape: [bytes], chunks: masks },
          values: partOf('BF16', [count], joined(kept)),
        },
      };
    },
    async open(stored, shape) {
      const { count } = stored.meta;
      if (!Number.isSafeInteger(count) || (count as number) < 0)
        throw new DeltaError(`count is ${JSON.stringify(count)}; expected a whole number`);
      const mask = stored.part('mask');
      const readValues = partReader(stored, 'values', 'BF16', [count as number]);
      const blocks = [...rowBlocks(shape)];
      if (mask.chunks !== blocks.length)
        throw new DeltaError(`the mask has ${mask.chunks} chunks; the tensor needs ${blocks.length}`);
      let used = 0;
      let room = new Float32Array(0);
      return async (begin, end) => {
        const size = (end - begin) * shape.columns;
        if (room.length < size) room = new Float32Array(size);
        const values = room.subarray(0, size).fill(0);
        const index = blocks.findIndex(([first]) => first === begin);
        const bits = await inflated(await mask.chunk(index), Math.ceil(values.length / 8));
        if (bits === null) throw new DeltaError(`chunk ${index} of the mask has not a bit for each number`);
        let next = used;
        for (let at = 0; at < size; at++) next += ((bits[at >> 3] as number) >> (at & 7)) & 1;
        if (next > (count as number))
          throw new DeltaError(`the mask keeps more numbers than the ${count} that are stored`);
        const kept = decodeNumbers(await readValues(2 * used, 2 * next), 'BF16');
        let k = 0;
        for (let at = 0; at < size; at++)
          if (((bits[at >> 3] as number) >> (at & 7)) & 1) values[at] = kept[k++] as number;
        used = next;
        return values;
      };
    },
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
