import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { Context } from '@peftjs/core';
import { memory, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type Classifier, classify } from './index.ts';

interface Rows {
  readonly labels: Int32Array;
  readonly logits: readonly (readonly number[])[];
}

/** Gives the logits that its batches hold, and remembers its contexts. */
function echo(contexts: Context[] = []): Classifier<Rows> {
  return {
    logits(batch, ctx): Tensor {
      contexts.push(ctx);
      return tensor(batch.logits.map((row) => [...row]));
    },
  };
}

const DATA: readonly Rows[] = [
  {
    labels: Int32Array.of(2, 0),
    logits: [
      [-3, -2, -1],
      [0, 0, -1],
    ],
  },
  { labels: Int32Array.of(1), logits: [[9, 3, 8]] },
];
const batches = { size: DATA.length, get: (_: number, index: number): Rows => DATA[index]! };

beforeAll(() => useBackend(cpu()));

test('the greatest logit of each row, the first of equal ones, without a leak', async () => {
  const before = memory().numTensors;
  const contexts: Context[] = [];
  const { actual, predicted } = await classify(echo(contexts), batches);
  expect([...actual]).toEqual([2, 0, 1]);
  expect([...predicted]).toEqual([2, 0, 0]);
  expect(memory().numTensors).toBe(before);
  expect(contexts).toEqual(DATA.map(() => ({ training: false, seed: 0 })));
});

test('tells the model its routes', async () => {
  const contexts: Context[] = [];
  await classify(echo(contexts), batches, { routes: [] });
  expect(contexts[1]).toEqual({ training: false, seed: 0, routes: [] });
});

test('refuses logits of another shape, and ones that are no numbers', async () => {
  const flat: Classifier<Rows> = { logits: (batch, ctx) => reshape(echo().logits(batch, ctx), [-1]) };
  await expect(classify(flat, batches)).rejects.toThrow('the logits of 2 rows are [6], not [2, classes]');
  const broken: Rows = { labels: Int32Array.of(0), logits: [[0, Number.NaN]] };
  await expect(classify(echo(), { size: 1, get: () => broken })).rejects.toThrow('a logit of batch 0 is NaN');
});

test('stops when it is told to', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(classify(echo(), batches, { signal })).rejects.toThrow('enough');
});
