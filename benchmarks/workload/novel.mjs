// @ts-check
// The model of the repository, and the chapters of the novel that it has not been trained on, as batches.
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { loadModel } from '@peftjs/models';
import { mobyDick } from '../../models/sotu-3m/corpus.mjs';

/** The folder of the model. */
export const SOTU = new URL('../../models/sotu-3m', import.meta.url).pathname;

/** Tokens of a sequence. */
export const LENGTH = 128;

/**
 * @param {import('@peftjs/models').CausalLM} model
 * @param {{ learned: number, heldOut: number }} chapters how many
 * @param {number} batchSize
 * @param {number} [length] tokens of a sequence
 */
export async function novelBatches({ tokenizer }, chapters, batchSize, length = LENGTH) {
  if (tokenizer === null) throw new Error('the model has no tokenizer');
  /** @param {readonly string[]} texts @param {boolean} shuffle */
  const batchesOf = async (texts, shuffle) => {
    const examples = texts.map((text) => ({ kind: /** @type {const} */ ('text'), text }));
    const sequences = await tokenizeExamples(examples, tokenizer, { maxLength: length, chunk: length });
    return createBatches(sequences, { batchSize, padId: tokenizer.padId, seed: 1, shuffle });
  };
  const { train, valid } = mobyDick();
  return {
    training: await batchesOf(train.slice(0, chapters.learned), true),
    heldOut: await batchesOf(valid.slice(0, chapters.heldOut), false),
  };
}

/**
 * @param {{ learned: number, heldOut: number }} chapters how many
 * @param {number} batchSize
 */
export async function novelWorkload(chapters, batchSize) {
  const model = await loadModel(SOTU);
  return { model, ...(await novelBatches(model, chapters, batchSize)) };
}
