// How much the numbers of a block change: a level for each, in steps of half a power of two of their steps in octave 0.
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { signed, unsigned } from './ordered-bits.ts';

/** Numbers that share a level. */
export const BLOCK = 1024;
/** The level of a block whose changes are 1 in the mean: one number that has changed by 1 has a level above 0, too. */
export const LEVEL_OF_ONE = 21;
const MOST = 63;

/** Level 0 is that of a block in which nothing has changed. */
export function levelsOf(changes: Uint32Array, octaves: Uint8Array): Uint8Array {
  const powers = Float64Array.from({ length: 256 }, (_, octave) => 2 ** (octave - 1));
  const levels = new Uint8Array(Math.ceil(changes.length / BLOCK));
  for (let block = 0; block < levels.length; block++) {
    const end = Math.min((block + 1) * BLOCK, changes.length);
    let sum = 0;
    for (let i = block * BLOCK; i < end; i++) sum += (changes[i] as number) * (powers[octaves[i] as number] as number);
    const level = Math.round(2 * Math.log2(sum / BLOCK)) + LEVEL_OF_ONE;
    levels[block] = sum === 0 ? 0 : Math.max(1, Math.min(255, level));
  }
  return levels;
}

/** A number's context: the level that its block has in the number's own octave. */
export function contextsOf(levels: Uint8Array, octaves: Uint8Array): Uint8Array {
  const contexts = new Uint8Array(octaves.length);
  for (let block = 0; block < levels.length; block++) {
    const level = levels[block] as number;
    if (level === 0) continue;
    const end = Math.min((block + 1) * BLOCK, contexts.length);
    for (let i = block * BLOCK; i < end; i++)
      contexts[i] = Math.max(1, Math.min(MOST, level - 2 * (octaves[i] as number)));
  }
  return contexts;
}

/** Each as its difference from the one before. */
export function encodeLevels(levels: Uint8Array): Uint8Array {
  const steps = Uint32Array.from(levels, (level, i) => unsigned(level - (levels[i - 1] ?? 0)));
  return encodeNumbers(steps, new Uint8Array(levels.length));
}

/** @param count of the numbers that have these levels */
export function decodeLevels(bytes: Uint8Array, count: number): Uint8Array {
  const steps = decodeNumbers(bytes, new Uint8Array(Math.ceil(count / BLOCK)));
  let level = 0;
  return Uint8Array.from(steps, (step) => {
    level += signed(step);
    return level;
  });
}
