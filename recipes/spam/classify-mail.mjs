// @ts-check
// LoRA on a sentence encoder that classifies mail, beside what there is to compare it with.
import { loadAdapter, memoryFolder, saveAdapter } from '@peftjs/checkpoint';
import { attach, modulesToSave, restore } from '@peftjs/core';
import { createClassBatches, labelNames, splitExamples, tokenizeLabeled } from '@peftjs/data';
import { accuracy, binary, classify, confusionMatrix, f1 } from '@peftjs/evaluate';
import { lora, readLora } from '@peftjs/lora';
import { bertClassifier, loadModel } from '@peftjs/models';
import { linear } from '@peftjs/train';
import { trainTimed } from '../train-timed.mjs';

/**
 * @typedef {import('@peftjs/data').LabeledExample} LabeledExample
 *
 * @typedef {object} Options
 * @property {number} test mails that are looked at once, when all is chosen
 * @property {number} testSeed what draws them, whatever else is chosen
 * @property {number} train mails that are trained on; 0: all others
 * @property {number} validation mails of the others that take their place while options are chosen; 0: all are trained on
 * @property {boolean} compare whether the encoder's head is trained alone, too
 * @property {number} maxLength tokens of a mail
 * @property {number} batchSize
 * @property {number} epochs
 * @property {number} rank
 * @property {number} learningRate
 * @property {number} headRate times which the head, which starts from nothing, learns faster
 * @property {number} warmup share of the steps in which the learning rate rises
 * @property {number} seed
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} trainable numbers that are trained
 * @property {number} bytes what is saved
 * @property {number} seconds of training
 * @property {number} accuracy on mail that was not trained on
 * @property {number} f1 of spam
 * @property {import('@peftjs/evaluate').ConfusionMatrix} matrix
 *
 * @typedef {object} Result
 * @property {readonly Row[]} rows
 * @property {Readonly<Record<string, number>>} trained mails of each class
 * @property {Readonly<Record<string, number>>} heldOut
 */

/** @param {readonly LabeledExample[]} mails @param {Options} options */
function splitMails(mails, { test, testSeed, train, validation }) {
  /** @param {readonly LabeledExample[]} from @param {number} count */
  const take = (from, count) => splitExamples(from, { heldOut: count / from.length, seed: testSeed });
  const tested = take(mails, test);
  const split = validation === 0 ? tested : take(tested.train, validation);
  return train === 0 ? split : { ...split, train: take(split.train, train).heldOut };
}

/**
 * @param {string} folder the encoder
 * @param {readonly LabeledExample[]} mails
 * @param {Options} options
 * @param {(line: string) => void} say
 * @returns {Promise<Result>}
 */
export async function classifyMail(folder, mails, options, say) {
  const { maxLength, batchSize, epochs, rank, learningRate, headRate, warmup, seed } = options;
  const labels = labelNames(mails);
  const split = splitMails(mails, options);
  const model = await loadModel(folder, { architectures: [bertClassifier({ labels, seed })] });
  const { tokenizer } = model;
  if (tokenizer === null) throw new Error(`${folder} has no tokenizer.json`);

  /** @param {readonly LabeledExample[]} examples @param {boolean} shuffle */
  const batchesOf = async (examples, shuffle) => {
    const sequences = await tokenizeLabeled(examples, tokenizer, { labels, maxLength, truncate: true });
    return createClassBatches(sequences, { batchSize, padId: tokenizer.padId, seed, shuffle });
  };
  const batches = await batchesOf(split.train, true);
  const held = await batchesOf(split.heldOut, false);

  /** @type {(name: string, cost: Pick<Row, 'trainable' | 'bytes' | 'seconds'>, found: import('@peftjs/evaluate').Predictions) => Row} */
  const score = (name, cost, { actual, predicted }) => ({
    name,
    ...cost,
    accuracy: accuracy(actual, predicted),
    f1: f1(actual, predicted, { average: binary(labels.indexOf('spam')) }),
    matrix: confusionMatrix(actual, predicted, labels),
  });

  /** @param {import('@peftjs/core').Parameter} parameter */
  const rates = ({ key }) => (key.includes('lora_') ? 1 : headRate);

  /** @param {string} name @param {import('@peftjs/core').Method | readonly import('@peftjs/core').Method[]} methods */
  const run = async (name, methods) => {
    const adapter = attach(model, methods, { name, seed });
    say(`${name}: ${adapter.summary()}`);
    const training = { learningRate, rates, epochs, seed, schedule: linear({ warmup }) };
    const seconds = await trainTimed(model, batches, training, say);
    const found = await classify(model, held);
    const saved = memoryFolder();
    const { bytes } = await saveAdapter(adapter, saved);
    const trainable = adapter.parameters.reduce((sum, p) => sum + (p.trainable ? p.variable.size : 0), 0);
    adapter.detach();
    const row = score(name, { trainable, bytes, seconds }, found);
    say(`  accuracy ${row.accuracy.toFixed(4)}, F1 of spam ${row.f1.toFixed(4)}`);
    return { row, saved, found };
  };

  const beside = [];
  if (options.compare) {
    const head = modulesToSave(['pooler.dense', 'classifier']);
    beside.push((await run('frozen encoder, its head trained', head)).row);
  }
  const tuned = await run('LoRA', [lora({ r: rank }), modulesToSave(['classifier'])]);
  await restore(model, await loadAdapter(tuned.saved), [readLora()]);
  const again = await classify(model, held);
  if (again.predicted.join() !== tuned.found.predicted.join())
    throw new Error('the adapter classifies otherwise once it was saved and restored');
  model.dispose();

  const { actual } = tuned.found;
  const sizes = labels.map((_, i) => actual.filter((label) => label === i).length);
  const largest = sizes.indexOf(Math.max(...sizes));
  const always = score(
    `always ${labels[largest]}`,
    { trainable: 0, bytes: 0, seconds: 0 },
    { actual, predicted: actual.map(() => largest) },
  );
  const count = (/** @type {readonly LabeledExample[]} */ some) =>
    Object.fromEntries(labels.map((name) => [name, some.filter(({ label }) => label === name).length]));
  return { rows: [always, ...beside, tuned.row], trained: count(split.train), heldOut: count(split.heldOut) };
}
