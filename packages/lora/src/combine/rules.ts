// How adapters are combined. A rule sees the weighted changes of weight w s B A, never A and B apart: the product of two
// sums is not the sum of products.
import type { Random } from '@peftjs/backend';
import { checkFit, type Fit } from '../extract/fit.ts';
import { agree, drop, type Election, type Mix, sum, trim } from './mix.ts';

export interface Rule {
  readonly name: string;
  /** Makes one of the weighted changes; their sum when left out. */
  readonly mix?: Mix;
  /** How the result is brought to low rank; `join` keeps the factors of a sum side by side. */
  readonly fit: Fit | 'join';
}

export interface DensityOptions extends Fit {
  /** Share of the numbers that is kept, in (0, 1]. */
  readonly density: number;
}

export interface TiesOptions extends DensityOptions {
  /** Elects signs by the sum of the numbers or by their count; `total` when left out. */
  readonly sign?: Election;
}

export interface DareOptions extends DensityOptions {
  /** Of the random numbers; 0 when left out. */
  readonly seed?: number;
}

function fitOf({ r, energy }: Fit): Fit {
  const fit = { ...(r === undefined ? {} : { r }), ...(energy === undefined ? {} : { energy }) };
  checkFit(fit);
  return fit;
}

function checkDensity(density: number): void {
  if (!(density > 0 && density <= 1))
    throw new Error(`[peftjs/lora] the density is ${density}; give a share above 0, at most 1`);
}

function checkElection(sign: Election): void {
  if (sign !== 'total' && sign !== 'frequency')
    throw new Error(`[peftjs/lora] signs cannot be elected by ${JSON.stringify(sign)}; give "total" or "frequency"`);
}

/** The sum, exactly: factors side by side, so that ranks add up. */
export function cat(): Rule {
  return { name: 'cat', fit: 'join' };
}

/** The sum, exactly but for float32's rounding, at the least rank that holds it. */
export function linear(): Rule {
  return { name: 'linear', fit: { energy: 1 } };
}

/**
 * The sum, cut to its strongest directions: of all changes of that rank the nearest to it.
 *
 * @param fit when left out, the highest rank that the adapters have at the module
 */
export function svd(fit: Fit = {}): Rule {
  return { name: 'svd', fit: fitOf(fit) };
}

/**
 * TIES (Yadav et al., arXiv 2306.01708): of each change the largest numbers, of those the ones with the elected sign, and
 * of these the mean.
 *
 * @throws when an option is out of its range
 */
export function ties({ density, sign = 'total', ...fit }: TiesOptions): Rule {
  checkDensity(density);
  checkElection(sign);
  const mix: Mix = (changes) => {
    const trimmed = changes.map((change) => trim(change, density));
    return agree(trimmed, sign);
  };
  return { name: 'ties', mix, fit: fitOf(fit) };
}

/** Each change with a share of its numbers kept at random, and those made larger for it. */
function dropped(changes: readonly Float64Array[], density: number, draw: (k: number) => Random): Float64Array[] {
  return changes.map((change, k) => drop(change, density, draw(k)));
}

/**
 * DARE (Yu et al., arXiv 2311.03099): of each change a random share of the numbers, divided by that share, and their sum:
 * on average the sum of the changes.
 *
 * @throws when an option is out of its range
 */
export function dareLinear({ density, seed = 0, ...fit }: DareOptions): Rule {
  checkDensity(density);
  const mix: Mix = (changes, draw) => sum(dropped(changes, density, (k) => draw(seed, k)));
  return { name: 'dareLinear', mix, fit: fitOf(fit) };
}

/**
 * DARE in place of TIES' trimming: a random share of each change, divided by that share, and the mean of what has the
 * elected sign.
 *
 * @throws when an option is out of its range
 */
export function dareTies({ density, seed = 0, sign = 'total', ...fit }: DareOptions & TiesOptions): Rule {
  checkDensity(density);
  checkElection(sign);
  const mix: Mix = (changes, draw) =>
    agree(
      dropped(changes, density, (k) => draw(seed, k)),
      sign,
    );
  return { name: 'dareTies', mix, fit: fitOf(fit) };
}

/**
 * The sum of the largest numbers of each change.
 *
 * @throws when an option is out of its range
 */
export function magnitudePrune({ density, ...fit }: DensityOptions): Rule {
  checkDensity(density);
  const mix: Mix = (changes) => sum(changes.map((change) => trim(change, density)));
  return { name: 'magnitudePrune', mix, fit: fitOf(fit) };
}
