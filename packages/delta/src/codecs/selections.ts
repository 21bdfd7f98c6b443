// Which numbers of a change a sparse delta keeps, and what they are multiplied by.
import type { Pause } from '../codec.ts';
import { type Matrix, rowBlocks } from './additive.ts';

/** Made for a matrix. */
export type Selection = (change: Matrix, density: number, pause: Pause) => Promise<Picker>;

/** Asked for each of its numbers in turn. */
export interface Picker {
  readonly keeps: (value: number) => boolean;
  readonly factor: number;
}

/** The largest numbers. Of those that are alike in bfloat16 at the end, the first ones. */
export const largest: Selection = async (change, density, pause) => {
  const size = new Uint32Array(1);
  const sizes = new Float32Array(size.buffer);
  const bucketOf = (value: number) => {
    sizes[0] = Math.abs(value);
    return (size[0] as number) >>> 16;
  };
  const counts = new Uint32Array(2 ** 15);
  for (const [begin, end] of rowBlocks(change)) {
    await pause();
    for (const value of await change.read(begin, end)) if (value !== 0) counts[bucketOf(value)]!++;
  }
  let left = Math.round(density * change.rows * change.columns);
  let bucket = counts.length - 1;
  for (; bucket > 0 && (counts[bucket] as number) <= left; bucket--) left -= counts[bucket] as number;
  const keeps = (value: number) => {
    const own = value === 0 ? -1 : bucketOf(value);
    return own > bucket || (own === bucket && left-- > 0);
  };
  return { keeps, factor: 1 };
};

/** DARE (Yu et al., arXiv 2311.03099): any, drawn at random, made larger so that their sum stays as it is expected. */
export function dare({ seed = 1 }: { readonly seed?: number } = {}): Selection {
  return async (_, density) => {
    let state = (Math.imul(seed, 2_654_435_761) + 1) >>> 0;
    const keeps = (value: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state < density * 2 ** 32 && value !== 0;
    };
    return { keeps, factor: 1 / density };
  };
}
