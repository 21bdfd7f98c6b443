// @ts-check
// peftjs with its frozen weights in one storage, loaded from a file that has its numbers so: training, generating, and what
// the process holds for the weights.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { generate } from '@peftjs/models';
import { constant, train } from '@peftjs/train';
import { readBatches } from '../workload/read-batches.mjs';
import { loadWeighed } from './load-weighed.mjs';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';
import { stepHandlers } from './step-engine.mjs';

/** The types of the files that storages are loaded from, where it is not F32. */
const DTYPES = new Map([
  ['f16', 'F16'],
  ['bf16', 'BF16'],
]);

await serve(async ({ folder, storage, prompt, r, ...options }) => {
  const about = await startBackend(options);
  memoryMeter();
  const path = join(folder, `base-${DTYPES.get(storage) ?? 'F32'}`);
  const { model, load, weigh } = await loadWeighed(path, storage);

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
      load: () => load,
      weigh,
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
