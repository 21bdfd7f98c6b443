// @ts-check
// peftjs generating greedily with the base, with the adapter on it, and with the adapter merged.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { loadAdapter } from '@peftjs/checkpoint';
import { merge, restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { generate, loadModel } from '@peftjs/models';
import { memory } from '@tensorflow/tfjs-core';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';

await serve(async ({ folder, prompt, ...options }) => {
  const about = await startBackend(options);
  const meter = memoryMeter();
  const model = await loadModel(join(folder, 'base'));
  const adapter = await restore(model, await loadAdapter(join(folder, 'adapter')), [readLora()]);

  const run = async (/** @type {number} */ count) => {
    const ids = [];
    const times = [];
    let before = performance.now();
    for await (const id of generate(model, prompt, { maxNewTokens: count, stop: [] })) {
      const now = performance.now();
      times.push(now - before);
      before = now;
      ids.push(id);
    }
    return { ids, times };
  };
  return {
    about,
    handlers: {
      /** Ids and the milliseconds that each took; the first took the prompt. */
      async tokens({ variant, count }) {
        if (variant !== 'merged') {
          adapter.active = variant === 'adapter';
          return run(count);
        }
        const unmerge = await merge(adapter);
        try {
          return await run(count);
        } finally {
          unmerge();
        }
      },
      async inspect() {
        const before = memory().numTensors;
        meter.reset();
        await run(4);
        return { peakBytes: meter.peakBytes, tensorsBefore: before, tensorsAfter: memory().numTensors };
      },
    },
  };
});
