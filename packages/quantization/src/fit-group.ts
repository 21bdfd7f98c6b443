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
 * Fits numbers `from` to `end` of rows. With the importance of each, the scale is the one that loses least.
 * @returns the index of a number that has no code; -1 where all have
 */
export type Fitter = (rows: Float32Array, from: number, end: number, importance?: Float32Array) => number;

export function fitterOf(form: GroupedForm, group: FittedGroup): Fitter {
  const codesOf = form.levels === null ? nearestBytes : nearestLevels(form.levels);
  const ofZero = new Uint8Array(1);
  codesOf(new Float32Array(1), 0, 1, 0, 1, ofZero);
  const measure = MEASURES[form.fit.of];
  const share = Math.fround(form.fit.share);
  const encode = (rows: Float32Array, from: number, end: number) =>
    codesOf(rows, from, end, group.offset, inverseOf(group.scale), group.codes);
  const lossOf = lossMeter(form, group);
  return (rows, from, end, importance) => {
    for (let i = from; i < end; i++) if (!Number.isFinite(rows[i])) return i;
    const { size, offset } = measure(rows, from, end);
    const step = stepOf(rows, from, end, size, form.fit);
    const fitting = Math.fround(step ?? size * share);
    group.scale = fitting;
    group.offset = form.offsets ? offset : 0;
    if (!Number.isFinite(fitting)) return from;
    encode(rows, from, end);
    if (importance) {
      let [best, least] = [fitting, lossOf(rows, from, end, importance)];
      for (const part of SHARES) {
        group.scale = Math.fround(fitting * part);
        encode(rows, from, end);
        const loss = lossOf(rows, from, end, importance);
        if (loss < least) [best, least] = [group.scale, loss];
      }
      group.scale = best;
      encode(rows, from, end);
    }
    group.codes.fill(ofZero[0] as number, end - from);
    return -1;
  };
}

/** The nearest code of one number, and what it says, in the scale and offset that the group has by then. */
export interface Coder {
  code(x: number): number;
  said(code: number): number;
}

export function coderOf(form: GroupedForm, group: FittedGroup): Coder {
  const codesOf = form.levels === null ? nearestBytes : nearestLevels(form.levels);
  const said = speaker(form, group);
  const [number, found] = [new Float32Array(1), new Uint8Array(1)];
  return {
    code(x) {
      number[0] = x;
      codesOf(number, 0, 1, group.offset, inverseOf(group.scale), found);
      return found[0] as number;
    },
    said,
  };
}

/** Of the scale at which the largest number fits: those that are tried. */
const SHARES = Array.from({ length: 19 }, (_, k) => 0.7 + 0.025 * k);

function inverseOf(scale: number): number {
  return Math.fround((scale < 0 ? -1 : 1) / Math.max(Math.abs(scale), SMALLEST));
}

function speaker({ levels }: GroupedForm, group: FittedGroup): Coder['said'] {
  if (levels === null) return (code) => ((code << 24) >> 24) * group.scale + group.offset;
  return (code) => (levels[code] as number) * group.scale + group.offset;
}

/** What the group's codes lose of numbers: the sum of squares, each times its importance. */
function lossMeter(form: GroupedForm, group: FittedGroup) {
  const said = speaker(form, group);
  return (rows: Float32Array, from: number, end: number, importance: Float32Array): number => {
    const { codes } = group;
    let loss = 0;
    for (let i = from, k = 0; i < end; i++, k++) {
      const lost = (rows[i] as number) - said(codes[k] as number);
      loss += lost * lost * (importance[k] as number);
    }
    return loss;
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

/** Puts the codes of `(number - offset) * inverse`, in float32, at the start of `codes`. */
type Nearest = (
  rows: Float32Array,
  from: number,
  end: number,
  offset: number,
  inverse: number,
  codes: Uint8Array,
) => void;

/** Added to a number and taken off again, it leaves the nearest whole one, an even one where two are as near. */
const ROUNDING = 1.5 * 2 ** 52;

const nearestBytes: Nearest = (rows, from, end, offset, inverse, codes) => {
  for (let i = from; i < end; i++) {
    const x = Math.fround(Math.fround((rows[i] as number) - offset) * inverse);
    codes[i - from] = Math.min(127, Math.max(-127, x)) + ROUNDING - ROUNDING;
  }
};

function nearestLevels(levels: Float32Array): Nearest {
  const { codes: order, bounds } = levelOrder(levels);
  const ordered = Uint8Array.from(order);
  const cells = cellsOf(bounds);
  return (rows, from, end, offset, inverse, codes) => {
    const { first, last, perUnit, below, divides, divided } = cells;
    for (let i = from; i < end; i++) {
      const x = Math.fround(Math.fround((rows[i] as number) - offset) * inverse);
      const cell = Math.max(0, Math.min(last, (x - first) * perUnit)) | 0;
      const level = (below[cell] as number) + ((divides[cell] as number) < x ? (divided[cell] as number) : 0);
      codes[i - from] = ordered[level] as number;
    }
  };
}

/**
 * Cuts the range of bounds into cells, so small that no two of them share one: a number is compared with one bound. Mostly
 * there is none in its cell, so that a processor foresees the outcome.
 */
function cellsOf(bounds: Float32Array) {
  const first = bounds[0] as number;
  const range = (bounds.at(-1) as number) - first;
  const gaps = bounds.slice(1).map((bound, k) => bound - (bounds[k] as number));
  const leastGap = gaps.reduce((least, gap) => (gap > 0 ? Math.min(least, gap) : least), range);
  const last = Math.max(256, Math.ceil(range / leastGap) + 1);
  const perUnit = last / range;
  /** For each cell: how many bounds lie in those before it, the bound in it, and how many lie there. */
  const below = new Uint8Array(last + 1);
  const divides = new Float32Array(last + 1).fill(Number.POSITIVE_INFINITY);
  const divided = new Uint8Array(last + 1);
  for (const [k, bound] of bounds.entries()) {
    const cell = Math.floor((bound - first) * perUnit);
    divides[cell] = bound;
    divided[cell] = (divided[cell] as number) + 1;
    below.fill(k + 1, cell + 1);
  }
  return { first, last, perUnit, below, divides, divided };
}
