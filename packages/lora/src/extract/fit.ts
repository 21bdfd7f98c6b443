// How closely a product of low rank has to follow a change of weight, and the rank that this takes.

/** The least rank that keeps `energy` of a change, and no higher one than `r`. */
export interface Fit {
  /** The highest rank. */
  readonly r?: number;
  /** Share of the change's squared size, in (0, 1]. When left out 1: all of it, to float32's precision. */
  readonly energy?: number;
}

/** A share of a squared size that is lost in float32: an error of 3e-8. */
const ROUNDING = 2 ** -50;

/** @throws when a number is out of its range */
export function checkFit({ r, energy }: Fit): void {
  if (r !== undefined && !(Number.isInteger(r) && r > 0))
    throw new Error(`[peftjs/lora] the rank is ${r}; give a whole number above 0`);
  if (energy !== undefined && !(energy > 0 && energy <= 1))
    throw new Error(`[peftjs/lora] the energy to keep is ${energy}; give a share above 0, at most 1`);
}

/** Where singular values are cut off. */
export interface Cut {
  readonly rank: number;
  /** Squared size of what is cut off. */
  readonly tail: number;
  /** Squared size of the whole. */
  readonly total: number;
}

/**
 * Where to cut off singular values, given the largest first.
 *
 * @param rest squared size of what these values do not cover
 * @param noise size below which a change is rounding
 */
export function cutOff(values: readonly number[], rest: number, { r, energy = 1 }: Fit, noise: number): Cut {
  const tails = [rest];
  for (const value of values.toReversed()) tails.unshift((tails[0] as number) + value * value);
  const total = tails[0] as number;
  const allowed = (1 - energy + ROUNDING) * total + noise * noise;
  const enough = tails.findIndex((tail) => tail <= allowed);
  const most = Math.min(r ?? values.length, values.length);
  const rank = Math.max(1, enough < 0 ? most : Math.min(enough, most));
  return { rank, tail: tails[rank] as number, total };
}
