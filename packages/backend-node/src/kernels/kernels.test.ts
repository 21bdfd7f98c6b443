// Each kernel against the reference form of its op: value, and the gradient of each input asked for alone.
import {
  type AdamwForm,
  adamw,
  attention,
  crossEntropy,
  type Form,
  gelu,
  IGNORED,
  type Inputs,
  layerNorm,
  lookupOp,
  lowRank,
  memoryMeter,
  type Replaceable,
  rmsNorm,
  rope,
  swiglu,
  useBackend,
} from '@peftjs/backend';
import { memory, randomNormal, randomUniform, type Tensor, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflow } from '../native.ts';
import { node } from '../node.ts';

const backend = node({ device: 'cpu' });
const obstacle = await backend.probe();

let seed = 1;
const normal = (...shape: number[]): Tensor => randomNormal(shape as [number], 0, 1, 'float32', seed++);
const positive = (...shape: number[]): Tensor => randomUniform(shape as [number], 0.1, 1, 'float32', seed++);
const padded = (b: number, s: number) =>
  tensor(
    Array.from({ length: b * s }, (_, i) => Number(i % s < s - ((i / s) | 0))),
    [b, s],
  );

interface Case {
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

const turn = (title: string, n: number): Case => ({
  title,
  op: rope,
  inputs: () => ({ x: normal(2, 3, 4, 8), cos: normal(n, 3, 4), sin: normal(n, 3, 4) }),
  attrs: {},
  wanted: ['x'],
});

const cases: readonly Case[] = [
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

describe.skipIf(obstacle !== null)(`native kernels${obstacle === null ? '' : `: ${obstacle}`}`, () => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  const formOf = (op: Replaceable<unknown>) => backend.kernels().find((k) => k.opName === op.opName)?.form;

  it.each(cases)('$title', ({ op, inputs: make, attrs, wanted }) => {
    const own = formOf(op) as Form<Inputs, object>;
    const reference = op.reference as Form<Inputs, object>;
    tidy(() => {
      const inputs = make();
      const expected = reference.forward(inputs, attrs);
      const got = own.forward(inputs, attrs);
      expect(distance(got.out, expected.out)).toBeLessThan(1e-5);
      const dy = got.out.rank === 0 ? positive() : normal(...got.out.shape);
      for (const name of wanted) {
        const alone = own.grad(dy, got.saved, attrs)[name];
        const right = reference.grad(dy, expected.saved, attrs)[name];
        expect(distance(alone?.() as Tensor, right?.() as Tensor), `gradient of ${name}`).toBeLessThan(1e-5);
      }
      const together = own.grad(dy, got.saved, attrs);
      const right = reference.grad(dy, expected.saved, attrs);
      for (const name of [...wanted].reverse()) {
        expect(distance(together[name]?.() as Tensor, right[name]?.() as Tensor), `gradient of ${name}`).toBeLessThan(
          1e-5,
        );
      }
    });
  });

  it('AdamW', () => {
    tidy(() => {
      const form = formOf(adamw) as AdamwForm;
      const inputs = { p: normal(3, 4), g: normal(3, 4), m: normal(3, 4), v: positive(3, 4) };
      const attrs = {
        learningRate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weightDecay: 0.1,
        step: 3,
        gradientScale: 0.5,
      };
      const expected = adamw.reference(inputs, attrs);
      for (const [k, x] of form(inputs, attrs).entries()) expect(distance(x, expected[k] as Tensor)).toBeLessThan(1e-6);
    });
  });

  it('count what they hold on their way', () => {
    const meter = memoryMeter();
    tidy(() => {
      const inputs = { gate: normal(10, 10), up: normal(10, 10) };
      meter.reset();
      const before = meter.bytes;
      (formOf(swiglu) as Form<Inputs, object>).forward(inputs, {});
      expect(meter.bytes - before).toBe(400);
      expect(meter.peakBytes - before).toBe(3 * 400);
    });
  });

  it('free all they make on their way', () => {
    const { binding } = tensorflow() as unknown as { binding: { getNumOfTensors(): number } };
    const pass = () =>
      tidy(() => {
        for (const { op, inputs: make, attrs, wanted } of cases) {
          const own = formOf(op) as Form<Inputs, object>;
          const { out, saved } = own.forward(make(), attrs);
          const closures = own.grad(out, saved, attrs);
          for (const name of wanted) closures[name]?.();
        }
      });
    pass();
    const tensors = memory().numTensors;
    const handles = binding.getNumOfTensors();
    pass();
    expect(memory().numTensors).toBe(tensors);
    expect(binding.getNumOfTensors()).toBe(handles);
  });
});

/** max |a - b| over max(1, max |b|). */
function distance(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a.dataSync(), b.dataSync()];
  const largest = Math.max(1, ...y.map(Math.abs));
  return Math.max(...x.map((value, i) => Math.abs(value - (y[i] as number)))) / largest;
}
