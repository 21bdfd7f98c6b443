// @ts-check
// The training itself. This file runs in Node and in a tab as it is: it is given where things are, and imports nothing of
// either.
import { useBackend } from '@peftjs/backend';
import { saveAdapter, stateStore } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { lora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { constant, train } from '@peftjs/train';

/**
 * @typedef {object} Places
 * @property {readonly import('@peftjs/backend').Backend[]} backends the first that works is taken
 * @property {string | import('@peftjs/checkpoint').Folder} model
 * @property {import('@peftjs/checkpoint').WritableFolder} run where the run's state is kept, so that it can go on
 * @property {import('@peftjs/checkpoint').WritableFolder} out where the adapter goes
 *
 * @typedef {object} Notes
 * @property {readonly string[]} texts
 * @property {number} steps
 */

/**
 * Trains a LoRA on texts and saves it.
 * @param {Notes} notes
 * @param {Places} places
 * @param {AbortSignal} [signal]
 */
export async function* trainNotes({ texts, steps }, { backends, model: place, run, out }, signal) {
  const { backend, device, rejected } = await useBackend([...backends]);
  yield { type: /** @type {const} */ ('backend'), backend, device, rejected };

  const model = await loadModel(place);
  const tokenizer = model.tokenizer;
  if (tokenizer === null) throw new Error('the model has no tokenizer.json');
  const examples = texts.map((text) => ({ kind: /** @type {const} */ ('text'), text }));
  const sequences = await tokenizeExamples(examples, tokenizer, { maxLength: 32 });
  const batches = createBatches(sequences, { batchSize: 2, padId: tokenizer.padId, seed: 1 });

  const adapter = attach(model, lora({ r: 4, dropout: 0.1 }), { name: 'notes', seed: 1 });
  yield* train(model, batches, {
    learningRate: 1e-2,
    schedule: constant,
    epochs: steps,
    steps,
    seed: 1,
    store: stateStore(run),
    saveEvery: 2,
    ...(signal && { signal }),
  });
  await saveAdapter(adapter, out);
}
