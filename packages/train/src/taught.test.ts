import { attach } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import type { TokenBatch } from '@peftjs/models';
import { expect, it } from 'vitest';
import { divergence } from '../../models/test/divergence.ts';
import { batches, rows, tinyModel, withModel } from '../test/tiny-model.ts';
import { meanLoss } from './mean-loss.ts';
import { taught } from './taught.ts';
import { train } from './train.ts';

const bench = withModel();

/** The same model with something else to say. */
async function aTeacher() {
  const teacher = await tinyModel();
  const adapter = attach(teacher, lora({ r: 2, init: noisy }), { seed: 5 });
  const done = () => {
    adapter.detach();
    teacher.dispose();
  };
  return { teacher, done };
}

it('is how far the model is from its teacher, whatever labels say', async () => {
  const { teacher, done } = await aTeacher();
  const batch = rows(0, [6, 4]);
  const want = divergence(teacher, bench.model, [batch]);
  const objective = taught(bench.model, (one: TokenBatch) => teacher.logits(one));
  const lossOn = (labels: Int32Array) => meanLoss(objective, { size: 1, get: () => ({ ...batch, labels }) });
  expect(want).toBeGreaterThan(1e-3);
  expect((await lossOn(batch.labels)) / want).toBeCloseTo(1, 4);
  expect((await lossOn(batch.labels.map(() => -100))) / want).toBeCloseTo(1, 4);
  done();
});

it('is learned', async () => {
  const { teacher, done } = await aTeacher();
  const adapter = attach(bench.model, lora({ r: 4 }), { seed: 1 });
  const objective = taught(bench.model, (one: TokenBatch) => teacher.logits(one));
  const losses: number[] = [];
  for await (const event of train(bench.model, batches(4), { learningRate: 0.02, steps: 40, objective }))
    if (event.type === 'step') losses.push(event.loss);
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
  adapter.detach();
  done();
});
