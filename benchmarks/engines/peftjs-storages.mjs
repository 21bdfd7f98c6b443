// @ts-check
// peftjs with its frozen weights in one storage, loaded from a file that has its numbers so: training, generating, and what
// the process holds for the weights.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryMeter } from '@peftjs/backend';
import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { generate, loadModel } from '@peftjs/models';
import { bf16, f16, int4, int8, nf4 } from '@peftjs/quantization';
import { constant, meanLoss, train } from '@peftjs/train';
import { readBatches } from '../workload/read-batches.mjs';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';
import { stepHandlers } from './step-engine.mjs';

/** Each with the type of the file that it is loaded from. */
const STORAGES = {
  f32: { dtype: 'F32' },
  f16: { dtype: 'F16', weights: f16() },
  bf16: { dtype: 'BF16', weights: bf16() },
  int8: { dtype: 'F32', weights: int8() },
  int4: { dtype: 'F32', weights: int4() },
  nf4: { dtype: 'F32', weights: nf4() },
  'nf4-double': { dtype: 'F32', weights: nf4({ doubleQuantization: true }) },
};

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Bytes resident once what was freed has gone back to the system. */
async function settled() {
  for (let k = 0; k < 5; k++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

await serve(async ({ folder, storage, prompt, r, ...options }) => {
  const about = await startBackend(options);
  memoryMeter();
  const before = await settled();
  const started = performance.now();
  const { dtype, ...how } = STORAGES[/** @type {keyof typeof STORAGES} */ (storage)];
  const model = await loadModel(join(folder, `base-${dtype}`), how);
  const loadMs = performance.now() - started;
  const weights = new Set(model.sites().flatMap((site) => ('weight' in site ? [site.weight] : [])));
  const weightBytes = [...weights].reduce((sum, { bytes }) => sum + bytes, 0);
  const numbers = [...weights].reduce((sum, { outDim, inDim }) => sum + outDim * inDim, 0);
  // Native TensorFlow takes a weight over when it is first used.
  const two = () => Int32Array.of(1, 1);
  const short = { inputIds: two(), attentionMask: two(), labels: two(), shape: /** @type {const} */ ([1, 2]) };
  await meanLoss(model, { size: 1, get: () => short });
  const heldBytes = (await settled()) - before;

  const batches = await readBatches(folder);
  attach(model, lora({ r, alpha: 2 * r, targets: ['q_proj', 'v_proj'] }), { seed: 7 });
  const steps = Number.MAX_SAFE_INTEGER;
  const run = train(model, batches, { learningRate: 1e-3, steps, schedule: constant, clip: 1 });
  const step = async () => {
    const { value } = await run.next();
    if (value?.type !== 'step') throw new Error(`train gave ${value?.type} in place of a step`);
    return { loss: value.loss, norm: value.gradientNorm };
  };
  return {
    about,
    handlers: {
      ...stepHandlers(step),
      load: () => ({ loadMs, weightBytes, numbers, heldBytes }),
      /** What each token but the first took. */
      async visit({ count }) {
        const times = [];
        let last = 0;
        for await (const _ of generate(model, prompt, { maxNewTokens: count + 1, stop: [] })) {
          const now = performance.now();
          if (last > 0) times.push(now - last);
          last = now;
        }
        return { times };
      },
    },
  };
});
