// What the fused ops are tried on: sizes off every vector and block, and the corners of each op.
import {
  crossEntropy,
  type FusedOp,
  fakeQuantize,
  gelu,
  IGNORED,
  layerNorm,
  lookupOp,
  lowRank,
  lowRankRows,
  rmsNorm,
  rope,
  swiglu,
} from '@peftjs/backend';
import { attentionCases } from './attention-cases.ts';
import {
  exactCrossEntropy,
  exactFakeQuantize,
  exactGelu,
  exactLayerNorm,
  exactLookup,
  exactLowRank,
  exactRmsNorm,
  exactRope,
  exactSwiglu,
} from './exact-ops.ts';
import type { FusedCase } from './fused-case.ts';
import { floats, gaussian, integers, type Numbers } from './numbers.ts';

const SIZES = [1, 3, 17, 130] as const;

function term(ranks: readonly number[], i: number, o: number, ...rows: readonly number[]): FusedCase {
  const factors = ranks.flatMap((r, k) => [
    [`a${k}`, gaussian(10 + k, r, i)],
    [`b${k}`, gaussian(20 + k, o, r)],
  ]);
  return {
    title: `[${rows}, ${i}] to ${o}, ranks ${ranks}`,
    op: lowRank as unknown as FusedOp,
    exact: exactLowRank,
    inputs: { y: gaussian(1, ...rows, o), x: gaussian(2, ...rows, i), ...Object.fromEntries(factors) },
    attrs: { scales: ranks.map((r, k) => (k === 1 ? -0.5 : 2) / r) },
  };
}

/** Terms in rows of their own: side by side, one over the other, in no order. */
const routed = (i: number, o: number, rows: readonly (readonly [number, number])[], ...shape: readonly number[]) => {
  const ranks = rows.map((_, k) => k + 2);
  const one = term(ranks, i, o, ...shape);
  const title = `[${shape}, ${i}] to ${o}, in ${rows.join(' and ')}`;
  return { ...one, title, op: lowRankRows as unknown as FusedOp, attrs: { ...one.attrs, rows } };
};

const norm = (x: Numbers, eps = 1e-5): FusedCase => ({
  title: `[${x.shape}]`,
  op: rmsNorm as unknown as FusedOp,
  exact: exactRmsNorm,
  inputs: { x, gamma: gaussian(5, x.shape.at(-1) as number) },
  attrs: { eps },
});

/** Moved away from zero, and rounded to float32 there. */
const shifted = (x: Numbers, by: number): Numbers => ({ ...x, values: x.values.map((v) => Math.fround(v + by)) });

const center = (x: Numbers, eps = 1e-5): FusedCase => ({
  title: `[${x.shape}]`,
  op: layerNorm as unknown as FusedOp,
  exact: exactLayerNorm,
  inputs: { x, gamma: gaussian(5, x.shape.at(-1) as number), beta: gaussian(6, x.shape.at(-1) as number) },
  attrs: { eps },
});

const smooth = (title: string, x: Numbers): readonly FusedCase[] =>
  [true, false].map((exact) => ({
    title: `${title}, ${exact ? 'exact' : 'by tanh'}`,
    op: gelu as unknown as FusedOp,
    exact: exactGelu,
    inputs: { x },
    attrs: { exact },
  }));

const turn = (b: number, t: number, h: number, f: number, tables: number): FusedCase => ({
  title: `[${b}, ${t}, ${h}, ${2 * f}], tables for ${tables}`,
  op: rope as unknown as FusedOp,
  exact: exactRope,
  inputs: { x: gaussian(1, b, t, h, 2 * f), cos: gaussian(2, tables, t, f), sin: gaussian(3, tables, t, f) },
  attrs: {},
});

const gate = (title: string, x: Numbers): FusedCase => ({
  title,
  op: swiglu as unknown as FusedOp,
  exact: exactSwiglu,
  inputs: { gate: x, up: gaussian(6, ...x.shape) },
  attrs: {},
});

/** A gradient that passes straight through rounding is no derivative. */
const coded = (n: number, g: number, hi: number, learned: boolean): FusedCase => ({
  title: `[${n}, ${g}] to codes up to ${hi}${learned ? ', the steps learned' : ''}`,
  op: fakeQuantize as unknown as FusedOp,
  exact: exactFakeQuantize,
  inputs: {
    x: gaussian(8, n, g),
    step: floats(
      Array.from({ length: n }, (_, i) => (1 + (i % 3)) / hi),
      n,
      1,
    ),
  },
  attrs: { lo: -hi, hi, learned },
  flat: true,
});

const entropy = (title: string, logits: Numbers, labels: readonly number[]): FusedCase => ({
  title,
  op: crossEntropy as unknown as FusedOp,
  exact: exactCrossEntropy,
  inputs: { logits, labels: integers(labels, labels.length) },
  attrs: {},
});

const rows = (v: number, d: number, ids: readonly number[], ...shape: readonly number[]): FusedCase => ({
  title: `[${shape}] of ${v} rows of ${d}`,
  op: lookupOp as unknown as FusedOp,
  exact: exactLookup,
  inputs: { table: gaussian(7, v, d), ids: integers(ids, ...shape) },
  attrs: { rows: v },
});

const labelsOf = (n: number, v: number) => Array.from({ length: n }, (_, i) => (i % 5 === 3 ? IGNORED : (i * 7) % v));
const idsOf = (n: number, v: number) => Array.from({ length: n }, (_, i) => (i * i) % v);

export const fusedCases: Readonly<Record<string, readonly FusedCase[]>> = {
  LowRank: [
    ...SIZES.flatMap((n) => [term([1], 3, 17, n), term([3], 17, 3, n), term([8], 130, 17, n)]),
    term([2, 3], 5, 4, 2, 3),
    term([4, 1, 8], 33, 19, 2, 2, 3),
    term([17], 1, 1, 3),
  ],
  LowRankRows: [
    routed(3, 5, [[0, 1]], 1),
    routed(
      17,
      3,
      [
        [0, 1],
        [1, 3],
      ],
      3,
    ),
    routed(
      130,
      17,
      [
        [9, 17],
        [0, 8],
        [3, 12],
      ],
      17,
    ),
    routed(
      5,
      130,
      [
        [0, 6],
        [9, 12],
      ],
      4,
      3,
    ),
  ],
  Attention: attentionCases,
  RmsNorm: [
    ...SIZES.flatMap((n) => SIZES.map((d) => norm(gaussian(4, n, d)))),
    norm(gaussian(4, 2, 3, 17)),
    { ...norm(floats([1e-4, 0, -2e-4, 0, 0, 0], 2, 3), 1e-6), title: 'rows of almost nothing', flat: true },
    { ...norm(floats([3e4, -2e4, 1e4], 1, 3)), title: 'large rows' },
  ],
  LayerNorm: [
    ...SIZES.flatMap((n) => SIZES.map((d) => center(gaussian(4, n, d)))),
    center(gaussian(4, 2, 3, 17), 1e-12),
    center(gaussian(4, 2, 40, 130), 1e-12),
    { ...center(floats([7, 7, 7, 0, 0, 0, -3e4, -3e4, -3e4], 3, 3)), title: 'constant rows', flat: true },
    {
      ...center(floats(new Array(2 * 130).fill(12345.678), 2, 130), 1e-12),
      title: 'constant rows of 130 far from zero',
      flat: true,
    },
    { ...center(floats([3e4, -2e4, 1e4, 5e3], 1, 4)), title: 'large rows' },
    { ...center(shifted(gaussian(4, 3, 130), 1e4)), title: 'rows far from zero' },
    { ...center(floats([1e-4, 0, -2e-4, 0, 0, 0], 2, 3), 1e-12), title: 'rows of almost nothing', flat: true },
  ],
  Gelu: [
    ...SIZES.flatMap((n) => smooth(`[${n}]`, gaussian(8, n))),
    ...smooth('[2, 3, 17]', gaussian(8, 2, 3, 17)),
    ...smooth('[40, 130]', gaussian(8, 40, 130)),
    ...smooth('far from zero', floats([-1e4, -200, -90, -20, -6, -3, 0, 3, 6, 20, 90, 200, 1e4], 13)),
  ],
  Rope: [turn(1, 1, 1, 1, 1), turn(2, 3, 5, 3, 1), turn(2, 3, 5, 3, 2), turn(3, 17, 2, 8, 3), turn(2, 130, 1, 2, 1)],
  Swiglu: [
    ...SIZES.map((n) => gate(`[${n}]`, gaussian(8, n))),
    gate('[2, 3, 17]', gaussian(8, 2, 3, 17)),
    { ...gate('far from zero', floats([-200, -90, -20, 0, 20, 90, 200], 7)), flat: true },
  ],
  FakeQuantize: [false, true].flatMap((learned) => [
    ...SIZES.map((n) => coded(n, 17, 7, learned)),
    coded(3, 130, 127, learned),
  ]),
  CrossEntropy: [
    ...SIZES.flatMap((n) => [2, 17, 130].map((v) => entropy(`[${n}, ${v}]`, gaussian(9, n, v), labelsOf(n, v)))),
    entropy('no row counts', gaussian(9, 3, 5), [IGNORED, IGNORED, IGNORED]),
    { ...entropy('far apart', floats([1000, -1000, 0, -3e4, -3e4, -3e4], 2, 3), [1, 2]), flat: true },
  ],
  Lookup: [
    ...SIZES.map((d) => rows(9, d, idsOf(6, 9), 2, 3)),
    rows(130, 17, idsOf(130, 130), 130),
    rows(3, 5, [2], 1, 1),
    rows(17, 3, new Array(17).fill(4), 17),
  ],
};
