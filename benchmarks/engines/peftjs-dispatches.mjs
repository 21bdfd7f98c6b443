// @ts-check
// peftjs training a LoRA adapter on WebGPU, and what each step asks of the device. What lies before the
// first step compiles pipelines too.
import { join } from 'node:path';
import { registerKernels, useBackend } from '@peftjs/backend';
import { webgpu } from '@peftjs/backend-webgpu';
import { loadAdapter } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { constant, train } from '@peftjs/train';
import { readBatches } from '../workload/read-batches.mjs';
import { countGpu } from './count-gpu.mjs';
import { Absent, serve } from './serve.mjs';

await serve(async ({ folder, learningRate, fused }) => {
  const chosen = webgpu();
  const obstacle = await chosen.probe();
  if (obstacle !== null) throw new Absent(obstacle);
  const counter = countGpu();
  const { device, details } = await useBackend(chosen);
  if (!fused) registerKernels('webgpu', []);
  const model = await loadModel(join(folder, 'base'));
  await restore(model, await loadAdapter(join(folder, 'adapter')), [readLora()]);
  const steps = Number.MAX_SAFE_INTEGER;
  const run = train(model, await readBatches(folder), { learningRate, steps, schedule: constant, clip: 1 });
  const step = async () => {
    const before = counter.take();
    const { value } = await run.next();
    if (value?.type !== 'step') throw new Error(`train gave ${value?.type} in place of a step`);
    const counts = counter.take();
    return { loss: value.loss, norm: value.gradientNorm, counts, pipelines: before.pipelines + counts.pipelines };
  };
  return { about: { device, ...details }, handlers: { step } };
});
