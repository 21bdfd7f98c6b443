// Which numbers of a change a sparse delta keeps, and what they are multiplied by.
import type { Pause } from '../codec.ts';
import { type Matrix, rowBlocks } from './additive.ts';
import { type CodeKernels, codeKernels } from './code-kernels.ts';

/** Made for a matrix. */
export type Selection = (change: Matrix, density: number, pause: Pause) => Promise<Picker>;

export interface Picker {
  /** A bit for each number that is kept, in bytes from the lowest on. Asked for all the numbers in turn. */
  readonly mark: (values: Float32Array) => Uint8Array;
  readonly factor: number;
}

/** Upper halves of numbers without their sign. */
const BUCKETS = 2 ** 15;

/** The largest numbers. Of those that are alike in bfloat16 at the end, the first ones. */
export const largest: Selection = async (change, density, pause) => {
  const counts = new Uint32Array(BUCKETS);
  for (const [begin, end] of rowBlocks(change)) {
    await pause();
    tally(await change.read(begin, end), counts);
  }
  let left = Math.round(density * change.rows * change.columns);
  let bucket = BUCKETS - 1;
  for (; bucket > 0 && (counts[bucket] as number) <= left; bucket--) left -= counts[bucket] as number;
  const mark = (values: Float32Array) =>
    marked(values, (loops, from, mask) => {
      left = loops.markLargest(from, values.length, bucket, left, mask);
    });
  return { mark, factor: 1 };
};

/** DARE (Yu et al., arXiv 2311.03099): any, drawn at random, made larger so that their sum stays as it is expected. */
export function dare({ seed = 1 }: { readonly seed?: number } = {}): Selection {
  return async (_, density) => {
    let state = Math.imul(seed, 2_654_435_761) + 1;
    const mark = (values: Float32Array) =>
      marked(values, (loops, from, mask) => {
        state = loops.markDrawn(from, values.length, state, density * 2 ** 32, mask);
      });
    return { mark, factor: 1 / density };
  };
}

function tally(values: Float32Array, counts: Uint32Array): void {
  const loops = codeKernels();
  const [from, to] = loops.areas(4 * values.length, 4 * BUCKETS) as [number, number];
  loops.floats(from, values.length).set(values);
  const sums = loops.words(to, BUCKETS);
  sums.set(counts);
  loops.tally(from, values.length, to);
  counts.set(sums);
}

/** @param mark writes the bits of the numbers to `mask` */
function marked(values: Float32Array, mark: (loops: CodeKernels, from: number, mask: number) => void): Uint8Array {
  const loops = codeKernels();
  const bytes = Math.ceil(values.length / 8);
  const [from, mask] = loops.areas(4 * values.length, bytes) as [number, number];
  loops.floats(from, values.length).set(values);
  mark(loops, from, mask);
  return loops.bytes(mask, bytes).slice();
}
