import { attach } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import type { TokenBatch } from '@peftjs/models';
import { dispose, memory, type Variable } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { batches, rows, withModel } from '../test/tiny-model.ts';
import { gradientSum } from './gradient-sum.ts';
import { meanLoss } from './mean-loss.ts';
import { train } from './train.ts';

const bench = withModel();

function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThan(
      within * Math.max(1, Math.abs(expected[i] as number)),
    );
}

type Rows = ReturnType<typeof rows>;

function found(micro: readonly TokenBatch[], variables: readonly Variable[]) {
  const context = { training: true, seed: 1 };
  const { loss, grads, norm } = gradientSum(
    bench.model,
    micro,
    variables,
    micro.map(() => context),
  );
  const values = {
    loss: loss.dataSync()[0] as number,
    norm: norm.dataSync()[0] as number,
    grads: grads.map((g) => [...g.dataSync()]),
  };
  dispose([loss, norm, ...grads]);
  return values;
}

describe('the sum of several batches', () => {
  const splits: [string, readonly (readonly number[])[]][] = [
    [
      'even',
      [
        [6, 4],
        [5, 6],
      ],
    ],
    ['of uneven rows and padding', [[6, 2, 3], [5]]],
    ['with a row that counts nothing', [[6], [4, 1], [2]]],
  ];
  test.each(splits)('%s: equals the one large batch', (_, lengths) => {
    const adapter = attach(bench.model, lora({ r: 2, init: noisy }));
    const variables = adapter.parameters.map((p) => p.variable);
    const micro = lengths.map((l, i) => rows(lengths.slice(0, i).flat().length, l));
    const large = rows(0, lengths.flat());
    const [apart, whole] = [found(micro, variables), found([large], variables)];
    expect(apart.loss).toBeCloseTo(whole.loss, 4);
    expect(apart.norm).toBeCloseTo(whole.norm, 4);
    for (const [k, g] of apart.grads.entries()) expectSame(g, whole.grads[k] as number[], 1e-5);
    expect(micro.reduce((n, b) => n + bench.model.count(b).targets, 0)).toBe(bench.model.count(large).targets);
    adapter.detach();
  });

  test('is zero for what a loss does not depend on', () => {
    const adapter = attach(bench.model, lora({ r: 2, init: noisy }));
    adapter.active = false;
    const values = found(
      [rows(0, [4])],
      adapter.parameters.map((p) => p.variable),
    );
    expect(values.norm).toBe(0);
    adapter.detach();
  });
});

test('training with accumulation gives the parameters of training with the large batch', async () => {
  const lengths = [[6, 2, 3], [5], [4, 4], [2, 6]];
  const apart = { size: 4, get: (_: number, i: number) => rows(10 * i, lengths[i] as number[]) };
  const joined = {
    size: 2,
    get: (epoch: number, i: number) => merged(apart.get(epoch, 2 * i), apart.get(epoch, 2 * i + 1)),
  };
  const after: number[][] = [];
  for (const [data, accumulate] of [
    [apart, 2],
    [joined, 1],
  ] as const) {
    const adapter = attach(bench.model, lora({ r: 2, init: noisy }), { seed: 3 });
    for await (const _ of train(bench.model, data, { learningRate: 0.01, epochs: 2, accumulate }));
    after.push(adapter.parameters.flatMap((p) => [...p.variable.dataSync()]));
    adapter.detach();
  }
  expectSame(after[0] as number[], after[1] as number[], 2e-5);
});

/** Both as one batch, the narrower padded. */
function merged(a: Rows, b: Rows): Rows {
  const t = Math.max(a.shape[1], b.shape[1]);
  const wide = (values: Int32Array, batch: Rows, fill: number) =>
    Array.from({ length: batch.shape[0] * t }, (_, k) => {
      const [row, i] = [Math.floor(k / t), k % t];
      return i < batch.shape[1] ? (values[row * batch.shape[1] + i] as number) : fill;
    });
  const both = (pick: (batch: Rows) => Int32Array, fill: number) =>
    Int32Array.from([a, b].flatMap((batch) => wide(pick(batch), batch, fill)));
  return {
    inputIds: both((x) => x.inputIds, 0),
    attentionMask: both((x) => x.attentionMask, 0),
    labels: both((x) => x.labels, -100),
    shape: [a.shape[0] + b.shape[0], t],
  };
}

test('labels that count: not the first of a row, not -100', () => {
  expect(bench.model.count(rows(0, [6, 4, 1])).targets).toBe(5 + 3 + 0);
});

describe('the mean loss', () => {
  test('is over all tokens that count, however they are batched', async () => {
    const one = { size: 1, get: () => rows(0, [6, 2, 3, 5]) };
    const split = { size: 2, get: (_: number, i: number) => (i === 0 ? rows(0, [6, 2, 3]) : rows(3, [5])) };
    expect(await meanLoss(bench.model, split)).toBeCloseTo(await meanLoss(bench.model, one), 5);
    const tensors = memory().numTensors;
    await meanLoss(bench.model, batches(2));
    expect(memory().numTensors).toBe(tensors);
  });
  test('needs a token that counts, and stops when asked to', async () => {
    const none = { size: 1, get: () => rows(0, [1, 1]) };
    await expect(meanLoss(bench.model, none)).rejects.toThrow('no target of the evaluation data counts');
    await expect(meanLoss(bench.model, batches(1), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
