// @ts-check
// peftjs with a real model in one storage: what it says of the novel as it is, with LoRA, and with LoRA merged.
import { attach, merge } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { cosine, meanLoss, train } from '@peftjs/train';
import { novelBatches } from '../workload/novel.mjs';
import { findModel } from '../workload/real-models.mjs';
import { importantStorage, loadIn, loadWeighed } from './load-weighed.mjs';
import { Absent, serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';

/**
 * Merges, or says that it was refused and merges all the same, so that what would have been lost is known.
 * @param {import('@peftjs/core').Adapter} adapter
 * @param {() => import('@tensorflow/tfjs-core').Tensor} probe
 */
async function mergeAnyway(adapter, probe) {
  try {
    const { change } = await merge(adapter, { probe });
    return { change, refused: false };
  } catch (error) {
    if (!/over the tolerance/.test(String(error))) throw error;
    const { change } = await merge(adapter, { probe, tolerance: Number.POSITIVE_INFINITY });
    return { change, refused: true };
  }
}

/**
 * Loads a model in nf4 that was fitted to the first batches of what is learned.
 * @param {string} path
 * @param {{ batches: number, products: boolean, chapters: { learned: number, heldOut: number }, batchSize: number, length: number, block?: number }} fitted
 */
async function loadFitted(path, { batches, products, chapters, batchSize, length, block = 64 }) {
  const storage = await importantStorage(path, { block, products }, async (model) => {
    const { training } = await novelBatches(model, chapters, batchSize, length);
    await meanLoss(model, { ...training, size: batches });
  });
  return loadIn(path, storage);
}

await serve(async ({ model: name, storage, fitted, ...options }) => {
  const found = findModel(name);
  if ('absent' in found) throw new Absent(found.absent);
  const about = await startBackend(options);
  const { model, load, weigh } = await (fitted ? loadFitted(found.path, fitted) : loadWeighed(found.path, storage));
  return {
    about,
    handlers: {
      load: () => load,
      weigh,
      /** Perplexities on the chapters held out. */
      async learn({ chapters, batchSize, length, steps, rank, learningRate, merges = true }) {
        const { training, heldOut } = await novelBatches(model, chapters, batchSize, length);
        const perplexity = async () => Math.exp(await meanLoss(model, heldOut));
        const before = await perplexity();
        const adapter = attach(model, lora({ r: rank }), { seed: 1 });
        const schedule = cosine({ warmup: 0.1 });
        for await (const _ of train(model, training, { learningRate, steps, schedule }));
        const after = await perplexity();
        if (!merges) return { before, after };
        const batch = heldOut.get(0, 0);
        const merged = await mergeAnyway(adapter, () => model.logits(batch));
        return { before, after, merged: await perplexity(), ...merged };
      },
    },
  };
});
