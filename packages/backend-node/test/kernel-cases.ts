// The calls of fused ops that the native kernels are tried on: small ones, which JavaScript takes, and large ones.
import {
  attention,
  crossEntropy,
  gelu,
  IGNORED,
  type Inputs,
  layerNorm,
  lookupOp,
  lowRank,
  type Replaceable,
  rmsNorm,
  rope,
  swiglu,
} from '@peftjs/backend';
import { add, randomNormal, randomUniform, type Tensor, tensor, tensor1d, zeros } from '@tensorflow/tfjs-core';

let seed = 1;
export const normal = (...shape: number[]): Tensor => randomNormal(shape as [number], 0, 1, 'float32', seed++);
export const positive = (...shape: number[]): Tensor => randomUniform(shape as [number], 0.1, 1, 'float32', seed++);
const padded = (b: number, s: number) =>
  tensor(
    Array.from({ length: b * s }, (_, i) => Number(i % s < s - ((i / s) | 0))),
    [b, s],
  );

export interface Case {
  readonly title: string;
  readonly op: Replaceable<unknown>;
  readonly inputs: () => Inputs;
  readonly attrs: object;
  readonly wanted: readonly string[];
}

const attend = (title: string, q: number[], k: number[], causal: boolean): Case => ({
  title,
  op: attention,
  inputs: () => ({ q: normal(...q), k: normal(...k), v: normal(...k), mask: padded(k[0] as number, k[1] as number) }),
  attrs: { causal, scale: 0.4 },
  wanted: ['q', 'k', 'v'],
});

const terms = (title: string, ranks: readonly number[], x: readonly number[], o: number): Case => ({
  title,
  op: lowRank,
  inputs: () =>
    Object.assign(
      { y: normal(...x.slice(0, -1), o), x: normal(...x) },
      ...ranks.map((r, k) => ({ [`a${k}`]: normal(r, x.at(-1) as number), [`b${k}`]: normal(o, r) })),
    ) as Inputs,
  attrs: { scales: ranks.map((r) => 3 / r) },
  wanted: ['y', 'x', ...ranks.flatMap((_, k) => [`a${k}`, `b${k}`])],
});

const turn = (title: string, n: number, t = 3): Case => ({
  title,
  op: rope,
  inputs: () => ({ x: normal(2, t, 4, 8), cos: normal(n, t, 4), sin: normal(n, t, 4) }),
  attrs: {},
  wanted: ['x'],
});

/** What is too large for JavaScript. */
const large: readonly Case[] = [
  {
    title: 'RMSNorm, large',
    op: rmsNorm,
    inputs: () => ({ x: normal(2, 40, 256), gamma: normal(256) }),
    attrs: { eps: 1e-5 },
    wanted: ['x', 'gamma'],
  },
  {
    title: 'LayerNorm, large',
    op: layerNorm,
    inputs: () => ({ x: add(normal(2, 40, 256), 1000), gamma: normal(256), beta: normal(256) }),
    attrs: { eps: 1e-12 },
    wanted: ['x', 'gamma', 'beta'],
  },
  turn('RoPE, one set of positions, large', 1, 300),
  turn('RoPE, positions by row, large', 2, 300),
  attend('attention, causal, grouped, padded, large', [2, 33, 4, 16], [2, 33, 2, 16], true),
  attend('attention with a past, large', [2, 17, 4, 16], [2, 70, 2, 16], true),
  attend('attention, one query, large', [2, 1, 4, 16], [2, 700, 2, 16], true),
  attend('attention, both ways, with a prefix, large', [2, 33, 4, 16], [2, 36, 4, 16], false),
  {
    title: 'attention, a row without a key, large',
    op: attention,
    inputs: () => ({ q: normal(1, 40, 4, 16), k: normal(1, 40, 4, 16), v: normal(1, 40, 4, 16), mask: zeros([1, 40]) }),
    attrs: { causal: true, scale: 1 },
    wanted: ['q', 'k', 'v'],
  },
];

export const cases: readonly Case[] = [
  ...large,
  {
    title: 'RMSNorm',
    op: rmsNorm,
    inputs: () => ({ x: normal(2, 3, 8), gamma: normal(8) }),
    attrs: { eps: 1e-5 },
    wanted: ['x', 'gamma'],
  },
  {
    title: 'RMSNorm of tiny rows',
    op: rmsNorm,
    inputs: () => ({
      x: tensor([
        [1e-4, 0, -2e-4],
        [0, 0, 0],
      ]),
      gamma: normal(3),
    }),
    attrs: { eps: 1e-6 },
    wanted: ['x'],
  },
  {
    title: 'LayerNorm',
    op: layerNorm,
    inputs: () => ({ x: normal(2, 3, 8), gamma: normal(8), beta: normal(8) }),
    attrs: { eps: 1e-5 },
    wanted: ['x', 'gamma', 'beta'],
  },
  {
    title: 'LayerNorm of a constant row',
    op: layerNorm,
    inputs: () => ({ x: tensor([[1e4, 1e4, 1e4]]), gamma: normal(3), beta: normal(3) }),
    attrs: { eps: 1e-12 },
    wanted: ['gamma', 'beta'],
  },
  ...[true, false].map((exact) => ({
    title: `GELU, ${exact ? 'exact' : 'by tanh'}`,
    op: gelu,
    inputs: () => ({ x: normal(2, 3, 5) }),
    attrs: { exact },
    wanted: ['x'],
  })),
  {
    title: 'SwiGLU',
    op: swiglu,
    inputs: () => ({ gate: normal(2, 3, 5), up: normal(2, 3, 5) }),
    attrs: {},
    wanted: ['gate', 'up'],
  },
  turn('RoPE, one set of positions', 1),
  turn('RoPE, positions by row', 2),
  attend('attention, causal, grouped, padded', [2, 5, 4, 8], [2, 5, 2, 8], true),
  attend('attention, one key head a query head', [2, 5, 4, 8], [2, 5, 4, 8], true),
  attend('attention with a past', [2, 3, 4, 8], [2, 7, 2, 8], true),
  attend('attention, one query', [2, 1, 4, 8], [2, 7, 2, 8], true),
  attend('attention, both ways', [2, 4, 2, 8], [2, 4, 1, 8], false),
  attend('attention, both ways, with a prefix', [2, 4, 2, 8], [2, 7, 1, 8], false),
  {
    title: 'attention, a row without a key',
    op: attention,
    inputs: () => ({ q: normal(1, 3, 2, 4), k: normal(1, 3, 2, 4), v: normal(1, 3, 2, 4), mask: tensor([[0, 0, 0]]) }),
    attrs: { causal: true, scale: 1 },
    wanted: ['q', 'k', 'v'],
  },
  {
    title: 'cross-entropy',
    op: crossEntropy,
    inputs: () => ({ logits: normal(5, 7), labels: tensor1d([0, IGNORED, 6, 3, IGNORED], 'int32') }),
    attrs: {},
    wanted: ['logits'],
  },
  {
    title: 'lookup',
    op: lookupOp,
    inputs: () => ({
      table: normal(6, 4),
      ids: tensor(
        [
          [1, 5, 1],
          [0, 1, 2],
        ],
        [2, 3],
        'int32',
      ),
    }),
    attrs: { rows: 6 },
    wanted: ['table'],
  },
  terms('one low-rank term', [2], [2, 3, 6], 5),
  terms('two low-rank terms on a matrix', [2, 3], [4, 6], 5),
];
