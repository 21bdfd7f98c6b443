// @ts-check
// peftjs with a real model in one storage: what it says of the novel as it is, with LoRA, and with LoRA merged.
import { attach, merge } from '@peftjs/core';
import { cloq, lora } from '@peftjs/lora';
import { distillScales } from '@peftjs/quantization-distill';
import { cosine, meanLoss, train } from '@peftjs/train';
import { novelBatches } from '../workload/novel.mjs';
import { findModel } from '../workload/real-models.mjs';
import { importantStorage, loadIn, loadMeasured, loadWeighed, squaresOf } from './load-weighed.mjs';
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
 * Loads a model in nf4 that was fitted to the first batches of what is learned, and its scales perhaps trained on it. With `cloq` its
 * LoRA starts from what is lost.
 * @param {string} path
 * @param {{ to: 'squares' | 'products', cloq?: boolean, trained?: number, batches: number, chapters: { learned: number, heldOut: number }, batchSize: number, length: number, block?: number }} fitted
 */
async function loadFitted(
  path,
  { to, cloq: starts = false, trained, batches, chapters, batchSize, length, block = 64 },
) {
  const read = (/** @type {import('@peftjs/models').CausalLM} */ model) =>
    novelBatches(model, chapters, batchSize, length);
  const { original, importance } = await loadMeasured(path, starts || to === 'products', async (model) => {
    const { training } = await read(model);
    await meanLoss(model, { ...training, size: batches });
  });
  const loaded = await loadIn(
    path,
    importantStorage({ block, importance: starts && to === 'squares' ? squaresOf(importance) : importance }),
  );
  if (trained) {
    const { training } = await read(original);
    await distillScales(loaded.model, (batch) => original.logits(batch), training, { steps: trained });
  }
  if (starts) return { ...loaded, init: cloq(original, importance) };
  original.dispose();
  return { ...loaded, init: undefined };
}

await serve(async ({ model: name, storage, fitted, ...options }) => {
  const found = findModel(name);
  if ('absent' in found) throw new Absent(found.absent);
  const about = await startBackend(options);
  const { model, load, weigh, init } = fitted
    ? await loadFitted(found.path, fitted)
    : { ...(await loadWeighed(found.path, storage)), init: undefined };
  return {
    about,
    handlers: {
      load: () => load,
      weigh,
      /**
       * Perplexities on the chapters held out: before LoRA is attached, as it starts, every so many steps, and at the end. `apart`: of
       * this rank is a LoRA that starts from what is lost, and stays so, and another one is trained.
       */
      async learn({ chapters, batchSize, length, steps, rank, learningRate, apart, merges = true, every = steps }) {
        const { training, heldOut } = await novelBatches(model, chapters, batchSize, length);
        const perplexity = async () => Math.exp(await meanLoss(model, heldOut));
        const before = await perplexity();
        const start = init && { init };
        if (apart) attach(model, lora({ r: apart, ...start }), { name: 'what was lost', seed: 1 });
        const adapter = attach(model, lora({ r: rank, ...(!apart && start) }), { seed: 1 });
        const started = init ? await perplexity() : before;
        const how = { learningRate, steps, schedule: cosine({ warmup: 0.1 }) };
        /** @type {Record<number, number>} */
        const along = {};
        for await (const { type, step } of train(model, training, { ...how, trainable: adapter }))
          if (type === 'step' && step % every === 0 && step < steps) along[step] = await perplexity();
        const after = await perplexity();
        if (!merges) return { before, started, along, after };
        const batch = heldOut.get(0, 0);
        const merged = await mergeAnyway(adapter, () => model.logits(batch));
        return { before, after, merged: await perplexity(), ...merged };
      },
    },
  };
});
