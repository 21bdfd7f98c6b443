// The grid that weights are rounded to: codes of a few bits times a step, one for each group of a row or for each row.
import { fakeQuantize, untaped } from '@peftjs/backend';
import {
  abs,
  add,
  div,
  fill,
  greater,
  less,
  max,
  maximum,
  min,
  minimum,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '@tensorflow/tfjs-core';

export interface Grid {
  /** Of a code, 2 to 8. */
  readonly bits: number;
  /** Inputs that share a step, one after the other; all of a row when left out. */
  readonly group?: number | undefined;
  /**
   * Codes lie around 0, as those of `int4()` and `int8()` do: in 8 bits from -127 to 127, the largest size at 127; in fewer, as
   * -8 to 7 in 4, with the number of the largest size at the lowest. True when left out. Otherwise they count from the group's
   * minimum, which is kept beside its step, as `int4({ asymmetric: true })` has it.
   */
  readonly symmetric?: boolean | undefined;
}

/** The size of a step is at least this, so that a group of zeros stays one instead of becoming 0 / 0. */
export const TINY = 1e-30;

/** Every step starts at least here, so that the one of a group of zeros can be learned. */
const SMALL = 1e-8;

/** The highest code of a symmetric grid. */
export const highest = ({ bits }: Grid): number => 2 ** (bits - 1) - 1;

/** The lowest one. */
export const lowest = (grid: Grid): number => -highest(grid) - (grid.bits === 8 ? 0 : 1);

/** Steps that groups [n, g] just fit in, and what their codes count from. */
interface Fitted {
  readonly lo: number;
  readonly hi: number;
  /** [n, 1] */
  readonly step: Tensor;
  /** [n, 1] */
  readonly offset?: Tensor;
}

function fit(x: Tensor, grid: Grid): Fitted {
  const hi = highest(grid);
  const most = max(x, 1, true);
  const least = min(x, 1, true);
  const of = (size: Tensor, codes: number) => {
    const step = div(size, codes);
    return where(less(abs(step), TINY), fill(step.shape, TINY), step);
  };
  if (!(grid.symmetric ?? true)) {
    const codes = 2 ** grid.bits - 1;
    return { lo: 0, hi: codes, step: of(sub(most, least), codes), offset: least };
  }
  const lo = lowest(grid);
  if (lo === -hi) return { lo, hi, step: of(maximum(most, neg(least)), hi) };
  return { lo, hi, step: of(where(greater(most, neg(least)), most, least), lo) };
}

/** [o, i] as a row for each group. */
function groupsOf(weight: Tensor, { group = weight.shape[1] as number }: Grid): Tensor {
  return reshape(weight, [-1, group]);
}

/** @throws naming what is out of its range */
export function checkGrid({ bits, group }: Grid): void {
  const fail = (what: string) => {
    throw new Error(`[peftjs/quantization] ${what}`);
  };
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8)) fail(`bits is ${bits}; 2 to 8 is possible`);
  if (group !== undefined && !(Number.isInteger(group) && group > 0))
    fail(`group is ${group}; give a whole number above 0, or leave it out for a step a row`);
}

/** What is wrong with rounding rows of so many inputs, or null. */
export function misfit(inDim: number, { group }: Grid): string | null {
  if (group === undefined || inDim % group === 0) return null;
  return `groups of ${group} do not divide its ${inDim} inputs; take another group, or leave it out for a step a row`;
}

/** How many steps a matrix [o, i] has: [o, i / g]. */
export function stepShape(outDim: number, inDim: number, { group = inDim }: Grid): readonly [number, number] {
  return [outDim, inDim / group];
}

/** Of the step that a group just fits in. */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3] as const;

/**
 * Where learned steps start, [o, i / g]: of shares of the step that a group just fits in, the one of the least squared error.
 * LSQ's own 2 mean |w| / sqrt(hi) is nearly twice as wide at 4 bits, which takes longer to learn than an adapter is trained.
 */
export function firstSteps(weight: Tensor, grid: Grid): Tensor {
  const x = groupsOf(weight, grid);
  const codes = { lo: lowest(grid), hi: highest(grid), learned: false };
  const widest = maximum(div(max(abs(x), 1, true), codes.hi), SMALL);
  let best = widest;
  let least = fill(widest.shape, Number.POSITIVE_INFINITY);
  for (const share of SHARES) {
    const step = mul(widest, share);
    const error = sum(square(sub(fakeQuantize({ x, step }, codes), x)), 1, true);
    best = where(less(error, least), step, best);
    least = minimum(error, least);
  }
  const [outDim, inDim] = weight.shape as [number, number];
  return reshape(best, [...stepShape(outDim, inDim, grid)]);
}

/**
 * A matrix [o, i] rounded to the grid, with a straight-through gradient.
 *
 * @param learned the steps [o, i / g] of a symmetric grid; those that each group just fits in when left out, which rounds
 *   what is rounded already to itself
 */
export function roundToGrid(weight: Tensor, grid: Grid, learned?: Tensor): Tensor {
  const x = groupsOf(weight, grid);
  if (learned) {
    const step = maximum(abs(reshape(learned, [-1, 1])), TINY);
    const codes = { lo: lowest(grid), hi: highest(grid) };
    return reshape(fakeQuantize({ x, step }, { ...codes, learned: true }), weight.shape);
  }
  const { lo, hi, step, offset } = untaped(() => fit(x, grid));
  const attrs = { lo, hi, learned: false };
  const rounded = offset
    ? add(fakeQuantize({ x: sub(x, offset), step }, attrs), offset)
    : fakeQuantize({ x, step }, attrs);
  return reshape(rounded, weight.shape);
}
