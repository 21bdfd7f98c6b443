// @ts-check
// The loss and the gradients alone, with peftjs's backward pass or with tfjs's own over the same model.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { loadAdapter } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { gradientSum } from '@peftjs/train';
import { add, dispose, sqrt, square, sum, tidy, valueAndGrads } from '@tensorflow/tfjs-core';
import { readBatches } from '../workload/read-batches.mjs';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';
import { stepHandlers } from './step-engine.mjs';

const CONTEXT = { training: true, seed: 0 };

await serve(async ({ folder, recompute = false, backward = 'ours', ...options }) => {
  const about = await startBackend(options);
  memoryMeter();
  const model = await loadModel(join(folder, 'base'));
  model.recompute = recompute;
  const adapter = await restore(model, await loadAdapter(join(folder, 'adapter')), [readLora()]);
  const variables = adapter.parameters.map(({ variable }) => variable);
  const batches = await readBatches(folder);
  let taken = 0;

  const withTfjs = (/** @type {import('@peftjs/models').TokenBatch} */ batch) => {
    const { value, grads } = valueAndGrads(() => model.loss(batch, CONTEXT))(variables);
    const norm = tidy(() => sqrt(grads.map((g) => sum(square(g))).reduce((a, b) => add(a, b))));
    return { loss: value, grads, norm };
  };
  const step = async () => {
    const batch = batches.get(0, taken++ % batches.size);
    const { loss, grads, norm } =
      backward === 'tfjs' ? withTfjs(batch) : gradientSum(model, [batch], variables, [CONTEXT]);
    const [[lossSum = 0], [normSum = 0]] = [await loss.data(), await norm.data()];
    dispose([loss, norm, ...grads]);
    const targets = model.count(batch).targets;
    return { loss: lossSum / targets, norm: normSum / targets };
  };
  return { about, handlers: stepHandlers(step) };
});
