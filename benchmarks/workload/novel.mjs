// @ts-check
// The model of the repository, and the chapters of the novel that it has not been trained on, as batches.
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { loadModel } from '@peftjs/models';
import { mobyDick } from '../../models/sotu-3m/corpus.mjs';

/** Tokens of a sequence. */
export const LENGTH = 128;

/**
 * @param {{ learned: number, heldOut: number }} chapters how many
 * @param {number} batchSize
 */
export async function novelWorkload(chapters, batchSize) {
  const model = await loadModel(new URL('../../models/sotu-3m', import.meta.url).pathname);
  const { tokenizer } = model;
  if (tokenizer === null) throw new Error('models/sotu-3m has no tokenizer');
  /** @param {readonly string[]} texts @param {boolean} shuffle */
  const batchesOf = async (texts, shuffle) => {
    const examples = texts.map((text) => ({ kind: /** @type {const} */ ('text'), text }));
    const sequences = await tokenizeExamples(examples, tokenizer, { maxLength: LENGTH, chunk: LENGTH });
    return createBatches(sequences, { batchSize, padId: tokenizer.padId, seed: 1, shuffle });
  };
  const { train, valid } = mobyDick();
  return {
    model,
    training: await batchesOf(train.slice(0, chapters.learned), true),
    heldOut: await batchesOf(valid.slice(0, chapters.heldOut), false),
  };
}
