// The grid that weights are rounded to: codes of a few bits times a step, one for each group of a row or for each row.
import { fakeQuantize, untaped } from '@peftjs/backend';
import { abs, add, div, max, maximum, mean, min, mul, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';

export interface Grid {
  /** Of a code, 2 to 8. */
  readonly bits: number;
  /** Inputs that share a step, one after the other; all of a row when left out. */
  readonly group?: number | undefined;
  /**
   * Codes reach as far below 0 as above: -7 to 7 in 4 bits. True when left out. Otherwise they count from the group's
   * minimum, which is kept beside its step.
   */
  readonly symmetric?: boolean | undefined;
}

/** A step is at least this, so that a group of zeros stays one instead of becoming 0 / 0. */
const TINY = 1e-30;

/** Every step starts at least here, so that the one of a group of zeros can be learned. */
const SMALL = 1e-8;

/** The highest code. */
function highest({ bits, symmetric = true }: Grid): number {
  return symmetric ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
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

/** Where learned steps start (arXiv 1902.08153): 2 mean |w| / sqrt(hi), [o, i / g]. */
export function firstSteps(weight: Tensor, grid: Grid): Tensor {
  const [outDim, inDim] = weight.shape as [number, number];
  const size = mean(abs(groupsOf(weight, grid)), 1);
  return reshape(maximum(mul(size, 2 / Math.sqrt(highest(grid))), SMALL), [...stepShape(outDim, inDim, grid)]);
}

/**
 * A matrix [o, i] rounded to the grid, with a straight-through gradient.
 *
 * @param learned the steps [o, i / g] of a symmetric grid; those that each group just fits in when left out, which rounds
 *   what is rounded already to itself
 */
export function roundToGrid(weight: Tensor, grid: Grid, learned?: Tensor): Tensor {
  const x = groupsOf(weight, grid);
  const hi = highest(grid);
  const fitted = (reach: () => Tensor) => untaped(() => maximum(div(reach(), hi), TINY));
  if (learned) {
    const step = maximum(abs(reshape(learned, [-1, 1])), TINY);
    return reshape(fakeQuantize({ x, step }, { lo: -hi, hi, learned: true }), weight.shape);
  }
  if (grid.symmetric ?? true) {
    const step = fitted(() => max(abs(x), 1, true));
    return reshape(fakeQuantize({ x, step }, { lo: -hi, hi, learned: false }), weight.shape);
  }
  const low = untaped(() => min(x, 1, true));
  const step = fitted(() => sub(max(x, 1, true), low));
  const above = fakeQuantize({ x: sub(x, low), step }, { lo: 0, hi, learned: false });
  return reshape(add(above, low), weight.shape);
}
