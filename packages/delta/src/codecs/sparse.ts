// Sparse: a share of a change's numbers, in bfloat16, and a bit for each number that says whether it is kept. The bits are
// deflated.
import type { Codec } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { floatsIn } from '../numbers.ts';
import { additive, rowBlocks } from './additive.ts';
import { codeKernels } from './code-kernels.ts';
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
      const { mark, factor } = await select(change, density, pause);
      const masks: Uint8Array[] = [];
      const kept: Uint8Array[] = [];
      for (const [begin, end] of rowBlocks(change)) {
        await pause();
        const values = await change.read(begin, end);
        const mask = mark(values);
        kept.push(gathered(values, mask, factor));
        masks.push(await deflated(mask, 'runs'));
      }
      const values = joined(kept);
      const count = values.length / 2;
      const bytes = masks.reduce((sum, { length }) => sum + length, 0);
      return {
        meta: { count },
        parts: {
          mask: { dtype: 'U8', shape: [bytes], chunks: masks },
          values: partOf('BF16', [count], values),
        },
      };
    },
    async open(stored, shape, room) {
      const { count } = stored.meta;
      if (!Number.isSafeInteger(count) || (count as number) < 0)
        throw new DeltaError(`count is ${JSON.stringify(count)}; expected a whole number`);
      const mask = stored.part('mask');
      const readValues = partReader(stored, 'values', 'BF16', [count as number]);
      const blocks = [...rowBlocks(shape)];
      if (mask.chunks !== blocks.length)
        throw new DeltaError(`the mask has ${mask.chunks} chunks; the tensor needs ${blocks.length}`);
      let used = 0;
      return async (begin, end) => {
        const values = floatsIn(room(4 * (end - begin) * shape.columns));
        const index = blocks.findIndex(([first]) => first === begin);
        const bits = await inflated(await mask.chunk(index), Math.ceil(values.length / 8));
        if (bits === null) throw new DeltaError(`chunk ${index} of the mask has not a bit for each number`);
        const next = used + countMarked(bits, values.length);
        if (next > (count as number))
          throw new DeltaError(`the mask keeps more numbers than the ${count} that are stored`);
        scatter(bits, await readValues(2 * used, 2 * next), values);
        used = next;
        return values;
      };
    },
  });
}

/** The numbers that are marked, times `factor` and in bfloat16. */
function gathered(values: Float32Array, mask: Uint8Array, factor: number): Uint8Array {
  const loops = codeKernels();
  const [from, marks, to] = loops.areas(4 * values.length, mask.length, 2 * values.length) as [number, number, number];
  loops.floats(from, values.length).set(values);
  loops.write(marks, mask);
  const end = loops.gather(from, marks, mask.length, factor, to);
  return loops.bytes(to, end - to).slice();
}

/** Of so many numbers those that are marked. What is marked beyond them is no more. */
function countMarked(mask: Uint8Array, numbers: number): number {
  if (numbers % 8 > 0) mask[mask.length - 1]! &= 2 ** (numbers % 8) - 1;
  const loops = codeKernels();
  const [at] = loops.areas(mask.length) as [number];
  loops.write(at, mask);
  return loops.marked(at, mask.length);
}

/** Fills `values` with the numbers that are kept, and zeros. */
function scatter(mask: Uint8Array, kept: Uint8Array, values: Float32Array): void {
  const loops = codeKernels();
  const [marks, from, to] = loops.areas(mask.length, kept.length, 4 * values.length) as [number, number, number];
  loops.write(marks, mask);
  loops.write(from, kept);
  loops.scatter(marks, mask.length, from, to);
  values.set(loops.floats(to, values.length));
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
