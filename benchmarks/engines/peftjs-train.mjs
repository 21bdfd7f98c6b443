// @ts-check
// peftjs training a LoRA adapter, with `train` itself: a step is what its iterator does between two events.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { loadAdapter } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { constant, train } from '@peftjs/train';
import { readBatches } from '../workload/read-batches.mjs';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';
import { stepHandlers } from './step-engine.mjs';

await serve(async ({ folder, learningRate, recompute = false, ...options }) => {
  const about = await startBackend(options);
  memoryMeter();
  const model = await loadModel(join(folder, 'base'));
  model.recompute = recompute;
  await restore(model, await loadAdapter(join(folder, 'adapter')), [readLora()]);
  const steps = Number.MAX_SAFE_INTEGER;
  const run = train(model, await readBatches(folder), { learningRate, steps, schedule: constant, clip: 1 });
  const step = async () => {
    const { value } = await run.next();
    if (value?.type !== 'step') throw new Error(`train gave ${value?.type} in place of a step`);
    return { loss: value.loss, norm: value.gradientNorm };
  };
  return { about, handlers: stepHandlers(step) };
});
