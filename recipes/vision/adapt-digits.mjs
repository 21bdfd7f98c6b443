// @ts-check
// One network, pretrained on plain digits, learns inverted ones by three methods and by training it whole.
import { bottleneck, ia3 } from '@peftjs/adapters';
import { memoryFolder, saveAdapter } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { createImageBatches, splitExamples } from '@peftjs/data';
import { accuracy, classify } from '@peftjs/evaluate';
import { layersHost } from '@peftjs/host-layers';
import { lora } from '@peftjs/lora';
import { trainTimed } from '../train-timed.mjs';
import { inverted, SIZE } from './digits.mjs';
import { digitsModel } from './digits-model.mjs';

/**
 * @typedef {import('@peftjs/data').LabeledImage} LabeledImage
 *
 * @typedef {object} Run how long and how fast something is trained
 * @property {number} epochs
 * @property {number} learningRate
 *
 * @typedef {object} Options
 * @property {number} pretrained digits that the network is made on
 * @property {number} trained digits that it learns to see inverted, others than those
 * @property {number} heldOut digits that are held out of both
 * @property {number} batchSize
 * @property {number} seed
 * @property {Run} pretraining
 * @property {Run & { rank: number }} lora
 * @property {Run & { width: number }} bottleneck
 * @property {Run} ia3
 * @property {Run} whole
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} trainable numbers that are trained
 * @property {number} inverted accuracy on held-out inverted digits
 * @property {number} plain accuracy on the same digits as they were
 * @property {number} off accuracy on them once the adapter is off; of the network trained whole it stays
 * @property {number} seconds of training
 * @property {number} bytes what is saved
 */

const LAYERS = ['edges', 'strokes', 'features'];

/**
 * @param {readonly LabeledImage[]} digits
 * @param {Options} options
 * @param {(line: string) => void} say
 * @returns {Promise<readonly Row[]>} the base, the adapters, the network trained whole
 */
export async function adaptDigits(digits, options, say) {
  const { batchSize, seed } = options;
  const { train, heldOut } = splitExamples(digits, { heldOut: options.heldOut / digits.length, seed });
  const halves = splitExamples(train, { heldOut: options.trained / train.length, seed });
  const pretrained = splitExamples(halves.train, { heldOut: options.pretrained / halves.train.length, seed }).heldOut;
  const batchesOf = (/** @type {readonly LabeledImage[]} */ images, shuffle = false) =>
    createImageBatches(images, { batchSize, size: SIZE, seed, shuffle });
  const lesson = batchesOf(halves.heldOut.map(inverted), true);
  const exams = { plain: batchesOf(heldOut), inverted: batchesOf(heldOut.map(inverted)) };

  const network = digitsModel(seed);
  const host = layersHost(network);
  const classifier = { logits: host.output };
  const scoreOn = async (/** @type {keyof typeof exams} */ exam) => {
    const { actual, predicted } = await classify(classifier, exams[exam]);
    return accuracy(actual, predicted);
  };
  /** @param {string} name @param {Run} run @param {import('@peftjs/train').Batches<import('@peftjs/data').ImageBatch>} batches @param {import('@peftjs/core').Trainable} trainable */
  const teach = (name, { epochs, learningRate }, batches, trainable) => {
    say(name);
    return trainTimed(host, batches, { epochs, learningRate, seed, trainable }, say);
  };
  const size = (/** @type {import('@peftjs/core').Trainable} */ { parameters }) =>
    parameters.reduce((sum, p) => sum + (p.trainable ? p.variable.size : 0), 0);

  const whole = host.parameters();
  const seconds = await teach('the network', options.pretraining, batchesOf(pretrained, true), whole);
  const numbers = size(whole);
  const plain = await scoreOn('plain');
  const before = { trainable: numbers, bytes: 4 * numbers };
  const base = { name: 'as it was', ...before, seconds, plain, inverted: await scoreOn('inverted'), off: plain };

  /** @param {string} name @param {import('@peftjs/core').Method} method @param {Run} run @returns {Promise<Row>} */
  const adapt = async (name, method, run) => {
    const adapter = attach(host, method, { name, seed });
    const row = {
      name,
      trainable: size(adapter),
      seconds: await teach(`${name}: ${adapter.summary()}`, run, lesson, adapter),
      inverted: await scoreOn('inverted'),
      plain: await scoreOn('plain'),
      bytes: (await saveAdapter(adapter, memoryFolder())).bytes,
    };
    adapter.active = false;
    const off = await scoreOn('plain');
    adapter.detach();
    return { ...row, off };
  };
  const rows = [
    base,
    await adapt('LoRA', lora({ r: options.lora.rank, targets: LAYERS }), options.lora),
    await adapt('bottleneck', bottleneck({ r: options.bottleneck.width, targets: LAYERS }), options.bottleneck),
    await adapt('(IA)3', ia3({ targets: LAYERS, feedforward: [] }), options.ia3),
  ];
  const last = await teach('trained whole', options.whole, lesson, whole);
  const after = await scoreOn('plain');
  rows.push({
    name: 'trained whole',
    ...before,
    seconds: last,
    inverted: await scoreOn('inverted'),
    plain: after,
    off: after,
  });
  host.release();
  network.dispose();
  return rows;
}
