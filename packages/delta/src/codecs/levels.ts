// How much the numbers of a block change: a level for each, in steps of half a power of two of their steps in octave 0.

/** Numbers that share a level, as in assembly/. */
export const BLOCK = 1024;
/** The level of a block whose changes are 1 in the mean: one number that has changed by 1 has a level above 0, too. */
export const LEVEL_OF_ONE = 21;

/** Level 0 is that of a block in which nothing has changed. @param sum of the changes of its numbers */
export function levelOf(sum: number): number {
  if (sum === 0) return 0;
  return Math.max(1, Math.min(255, Math.round(2 * Math.log2(sum / BLOCK)) + LEVEL_OF_ONE));
}
