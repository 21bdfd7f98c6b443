// @ts-check
// A base and its full fine-tune, both in float16: the model of the repository or SmolLM2-135M, which learn a novel.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { loadModel, saveModel } from '@peftjs/models';
import { adamw, cosine, train } from '@peftjs/train';
import { mobyDick } from '../../models/sotu-3m/corpus.mjs';
import { fetchSmolLM2 } from '../../recipes/smollm2-file.mjs';

/**
 * @typedef {object} Pair
 * @property {() => string} file the base
 * @property {number} chapters of the novel, each to learn from and to be read
 * @property {number} length tokens of a sequence
 * @property {number} batchSize
 * @property {number} steps of the fine-tune
 * @property {number} learningRate
 * @property {number} heldOut sequences that perplexity is measured on
 * @property {number} calibration batches of the learned text that scales are trained on
 * @property {number} distillation steps on them
 *
 * @typedef {import('@peftjs/models').TokenBatch} TokenBatch
 * @typedef {import('@peftjs/train').Batches<TokenBatch>} Batches
 */

/** @returns {Pair} */
export const sotu = () => ({
  file: () => new URL('../../models/sotu-3m', import.meta.url).pathname,
  chapters: 200,
  length: 128,
  batchSize: 4,
  steps: 60,
  learningRate: 3e-4,
  heldOut: 64,
  calibration: 120,
  distillation: 120,
});

/** @returns {Pair} */
export const smollm2 = () => ({
  file: fetchSmolLM2,
  chapters: 200,
  length: 64,
  batchSize: 2,
  steps: 16,
  learningRate: 5e-5,
  heldOut: 16,
  calibration: 40,
  distillation: 40,
});

/** @returns {Pair} */
export const tiny = () => ({
  ...sotu(),
  ...{ chapters: 1, length: 16, batchSize: 2, steps: 2, heldOut: 4, calibration: 2, distillation: 8 },
});

/**
 * Writes `base` and `tuned` into the folder.
 * @param {Pair} pair
 * @param {string} folder
 * @returns {Promise<{ calibration: Batches, heldOut: Batches }>}
 */
export async function savePair(pair, folder) {
  const { length, batchSize, steps, learningRate } = pair;
  const given = await loadModel(pair.file());
  await saveModel(given, join(folder, 'base'), { dtype: 'F16' });
  const { tokenizer } = given;
  if (tokenizer === null) throw new Error(`${pair.file()} has no tokenizer`);
  const novel = mobyDick();
  /** @param {readonly string[]} texts @param {number} count */
  const batchesOf = async (texts, count) => {
    const examples = texts.slice(0, pair.chapters).map((text) => ({ kind: /** @type {const} */ ('text'), text }));
    const all = await tokenizeExamples(examples, tokenizer, { maxLength: length, chunk: length });
    const every = Math.max(1, Math.floor(all.length / count));
    const some = all.filter((_, k) => k % every === 0).slice(0, count);
    return createBatches(some, { batchSize, padId: tokenizer.padId, seed: 1, shuffle: false });
  };
  const calibration = await batchesOf(novel.train, pair.calibration * batchSize);
  const learned = await batchesOf(novel.train, steps * batchSize);
  const heldOut = await batchesOf(novel.valid, pair.heldOut);
  given.dispose();

  // Trained from what float16 holds, as any fine-tune of the base would be.
  const model = await loadModel(join(folder, 'base'));
  const training = { trainable: model.parameters(), optimizer: adamw(), learningRate, steps };
  for await (const event of train(model, learned, { ...training, schedule: cosine({ warmup: 0.1 }) }))
    if (event.type === 'step' && event.step % 10 === 0) console.error(`  step ${event.step}: ${event.loss.toFixed(3)}`);
  await rm(join(folder, 'tuned'), { recursive: true, force: true });
  await saveModel(model, join(folder, 'tuned'), { dtype: 'F16' });
  model.dispose();
  return { calibration, heldOut };
}
