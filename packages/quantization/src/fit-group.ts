// The codes of one group of numbers: its scale, its offset, and for each number the nearest level.
import { type Fit, type GroupedForm, levelOrder } from '@peftjs/backend';

/** What is found for a group; its codes are those of zero beyond its numbers. */
export interface FittedGroup {
  scale: number;
  offset: number;
  readonly codes: Uint8Array;
}

/** Below it a scale has no reciprocal in float32. */
const SMALLEST = Math.fround(1e-38);

/**
 * What fits numbers `from` to `end` of rows into `group`.
 * @returns the index of a number that has no code; -1 where all have
 */
export function fitterOf(
  form: GroupedForm,
  group: FittedGroup,
): (rows: Float32Array, from: number, end: number) => number {
  const nearest = form.levels === null ? nearestByte : nearestLevel(form.levels);
  const measure = MEASURES[form.fit.of];
  const share = Math.fround(form.fit.share);
  return (rows, from, end) => {
    for (let i = from; i < end; i++) if (!Number.isFinite(rows[i])) return i;
    const { size, offset } = measure(rows, from, end);
    const step = stepOf(rows, from, end, size, form.fit);
    group.scale = Math.fround(step ?? size * share);
    group.offset = form.offsets ? offset : 0;
    if (!Number.isFinite(group.scale)) return from;
    const steep = Math.max(Math.abs(group.scale), SMALLEST);
    const inverse = Math.fround((group.scale < 0 ? -1 : 1) / steep);
    for (let i = from; i < end; i++) {
      group.codes[i - from] = nearest(Math.fround(Math.fround((rows[i] as number) - group.offset) * inverse));
    }
    group.codes.fill(nearest(0), end - from);
    return -1;
  };
}

/** How far from a whole number a multiple may lie that was rounded to float32. */
const NEAR = 1e-5;

/** The step that all of a group are multiples of; null where there is none, or where it is what fits anyway. */
function stepOf(rows: Float32Array, from: number, end: number, size: number, fit: Fit): number | null {
  const { share, multiples = 0 } = fit;
  const isGrid = (step: number) => {
    for (let i = from; i < end; i++) {
      const code = (rows[i] as number) / step;
      if (!(code < multiples + 0.5 && Math.abs(code - Math.round(code)) <= NEAR)) return false;
    }
    return true;
  };
  if (multiples === 0 || size === 0 || isGrid(size * share)) return null;
  for (let k = multiples; k > 0; k--) if (isGrid(size / k)) return size / k;
  return null;
}

type Measure = (rows: Float32Array, from: number, end: number) => { readonly size: number; readonly offset: number };

const MEASURES: Readonly<Record<Fit['of'], Measure>> = {
  size(rows, from, end) {
    let size = 0;
    for (let i = from; i < end; i++) size = Math.max(size, Math.abs(rows[i] as number));
    return { size, offset: 0 };
  },
  number(rows, from, end) {
    let size = 0;
    for (let i = from; i < end; i++) if (Math.abs(rows[i] as number) > Math.abs(size)) size = rows[i] as number;
    return { size, offset: 0 };
  },
  range(rows, from, end) {
    let [least, most] = [rows[from] as number, rows[from] as number];
    for (let i = from; i < end; i++) {
      least = Math.min(least, rows[i] as number);
      most = Math.max(most, rows[i] as number);
    }
    return { size: Math.fround(most - least), offset: least };
  },
};

/** To the nearest whole number, to an even one where two are as near. */
function nearestByte(x: number): number {
  const bounded = Math.min(127, Math.max(-127, x));
  const below = Math.floor(bounded);
  const rest = bounded - below;
  return (rest > 0.5 || (rest === 0.5 && below & 1) ? below + 1 : below) & 255;
}

function nearestLevel(levels: Float32Array): (x: number) => number {
  const { codes, bounds } = levelOrder(levels);
  return (x) => {
    let below = 0;
    for (let half = 8; half > 0; half >>= 1) if ((bounds[below + half - 1] as number) < x) below += half;
    return codes[below] as number;
  };
}
