// Ways to mix changes of one weight number by number, where they get in each other's way.
import type { Random } from '@peftjs/backend';

/**
 * One change from several of the same length, each times its adapter's weight already.
 *
 * @param draw the random numbers of change `k`, for a seed
 */
export type Mix = (changes: readonly Float64Array[], draw: (seed: number, k: number) => Random) => Float64Array;

export function sum(changes: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(changes[0]?.length ?? 0);
  for (const change of changes)
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (change[i] as number);
  return out;
}

/** Keeps the share `density` of the numbers that are largest in size; of equal ones the first. */
export function trim(change: Float64Array, density: number): Float64Array {
  const keep = Math.floor(density * change.length);
  if (keep === change.length) return change;
  const sizes = change.map(Math.abs).sort();
  const least = sizes[change.length - keep] ?? Number.POSITIVE_INFINITY;
  let equal = sizes.lastIndexOf(least) + 1 - (change.length - keep);
  return change.map((value) => {
    const size = Math.abs(value);
    return size > least || (size === least && equal-- > 0) ? value : 0;
  });
}

/** Keeps each number with probability `density`, and divides by it. */
export function drop(change: Float64Array, density: number, next: Random): Float64Array {
  return change.map((value) => (next() < density ? value / density : 0));
}

/** How a sign is elected: by the sum of the numbers, or by how many there are of each. */
export type Election = 'total' | 'frequency';

/** At each place the mean of the numbers that have the elected sign; 0 has neither. A draw is positive. */
export function agree(changes: readonly Float64Array[], election: Election): Float64Array {
  const votes = sum(election === 'total' ? changes : changes.map((change) => change.map(Math.sign)));
  return votes.map((vote, i) => {
    const elected = vote >= 0 ? 1 : -1;
    let total = 0;
    let count = 0;
    for (const change of changes) {
      const value = change[i] as number;
      if (Math.sign(value) !== elected) continue;
      total += value;
      count += 1;
    }
    return total / Math.max(1, count);
  });
}
