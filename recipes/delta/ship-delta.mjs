// @ts-check
// A small model learns a novel, whole, in two goes. Each is kept as its difference, published and signed, brought elsewhere, applied
// there, undone, and put on a model that runs.
import { join } from 'node:path';
import {
  createKeys,
  diskFolder,
  fingerprintWeights,
  lineageLines,
  lineageOf,
  openWeights,
  recordOf,
} from '@peftjs/checkpoint';
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { apply, chain, diff, inspect, undo } from '@peftjs/delta';
import { loadDelta } from '@peftjs/delta-runtime';
import { loadModel, saveModel } from '@peftjs/models';
import { listReleases, publish, pull, releaseRecords, titleOf } from '@peftjs/registry';
import { adamw, cosine, meanLoss } from '@peftjs/train';
import { trainTimed } from '../train-timed.mjs';

/**
 * @typedef {object} Options
 * @property {number} maxLength tokens of a sequence
 * @property {number} batchSize
 * @property {number} steps of each go
 * @property {number} learningRate
 * @property {number} heldOut sequences of other chapters, that perplexity is measured on
 * @property {number} seed
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} bytes of what is shipped for it; 0 where nothing is
 * @property {number} perplexity
 * @property {number} seconds that it took to get there
 */

/**
 * @param {string} given the model
 * @param {{ readonly train: readonly string[], readonly valid: readonly string[] }} novel its chapters
 * @param {string} folder where everything is written
 * @param {Options} options
 * @param {(line: string) => void} say
 */
export async function shipDelta(given, novel, folder, options, say) {
  const at = (/** @type {string} */ name) => join(folder, name);
  const { toRead, test } = await prepare(given, novel, at('base'), options);
  /** @type {Row[]} */
  const rows = [];
  const read = async (/** @type {import('@peftjs/models').CausalLM} */ model) => Math.exp(await meanLoss(model, test));
  const readFolder = async (/** @type {string} */ path) => {
    const model = await loadModel(path);
    const perplexity = await read(model);
    model.dispose();
    return perplexity;
  };
  const note = (/** @type {string} */ name, /** @type {number} */ perplexity, bytes = 0, seconds = 0) => {
    rows.push({ name, bytes, perplexity, seconds });
    say(`${name}: perplexity ${perplexity.toFixed(3)}`);
  };
  note('the base', await readFolder(at('base')), await sizeOf(at('base')));

  // Two goes. What the first one gives is the base of the second.
  const keys = await createKeys();
  /** @type {import('@peftjs/checkpoint').Story} */
  let story = {};
  for (const [from, to] of /** @type {const} */ ([
    ['base', 'first'],
    ['first', 'second'],
  ])) {
    const seconds = await learn(at(from), at(to), toRead, options, say);
    const perplexity = await readFolder(at(to));
    note(`trained, the ${to} go`, perplexity, await sizeOf(at(to)), seconds);
    story = { author: 'a recipe', license: 'cc0-1.0', metrics: { perplexity } };
    await diff(at(from), at(to), at(`${to}-delta`), { baseName: from, story });
  }
  await chain([at('first-delta'), at('second-delta')], at('both-delta'), { base: at('base'), story });
  const [registry, cache] = [at('registry'), at('cache')];
  for (const name of ['first-delta', 'both-delta']) {
    const release = await publish(registry, at(name), { name: 'novel', privateKey: keys.privateKey });
    say(`published ${titleOf(release)}`);
  }

  // Elsewhere: the base is there, and the public key.
  const how = { cache, trusted: [keys.publicKey] };
  const one = await pull(registry, 'novel@1', how);
  const two = await pull(registry, 'novel@2', { ...how, out: at('pulled') });
  const applying = await timed(() => apply(at('base'), two.folder, at('applied'), how));
  const { bytes, tunedBytes, codecs } = await inspect(two.folder);
  note('both goes pulled, applied', await readFolder(at('applied')), bytes, applying);
  const undoing = await timed(() => undo(at('applied'), two.folder, at('undone'), how));
  note('undone', await readFolder(at('undone')), 0, undoing);
  for (const [made, wanted] of [
    ['applied', 'second'],
    ['undone', 'base'],
  ])
    if ((await fingerprint(at(made ?? ''))) !== (await fingerprint(at(wanted ?? ''))))
      throw new Error(`${made} is not ${wanted}, bit for bit`);

  // A model that runs becomes either, and the base again, without being loaded again.
  const model = await loadModel(at('base'));
  const deltas = [await loadDelta(model, one.folder, how), await loadDelta(model, two.folder, how)];
  for (const [i, delta] of deltas.entries()) {
    const seconds = await timed(async () => delta.apply());
    note(`put on while it runs: novel@${i + 1}`, await read(model), 0, seconds);
  }
  const off = await timed(async () => deltas[1]?.takeOff());
  note('taken off', await read(model), 0, off);
  for (const delta of deltas) delta.dispose();
  model.dispose();

  const known = releaseRecords(await listReleases(registry, { cache }));
  const record = await recordOf(at('pulled'));
  if (record === null) throw new Error('what was pulled says nothing of itself');
  const beside = [await recordOf(at('first-delta')), await recordOf(at('second-delta'))].filter(
    (found) => found !== null,
  );
  const lineage = lineageLines(lineageOf(record, [...known, ...beside]));
  return { rows, share: bytes / tunedBytes, codecs: Object.keys(codecs), lineage };
}

/**
 * Saves the base in float16; gives what to learn from and what to read.
 * @param {string} given
 * @param {{ readonly train: readonly string[], readonly valid: readonly string[] }} novel
 * @param {string} base
 * @param {Options} options
 */
async function prepare(given, novel, base, { maxLength, batchSize, steps, heldOut, seed }) {
  const model = await loadModel(given);
  await saveModel(model, base, { dtype: 'F16' });
  const { tokenizer } = model;
  model.dispose();
  if (tokenizer === null) throw new Error(`${given} has no tokenizer`);
  /** @param {readonly string[]} chapters @param {number} count */
  const batchesOf = async (chapters, count) => {
    const examples = chapters.map((text) => /** @type {const} */ ({ kind: 'text', text }));
    const all = await tokenizeExamples(examples, tokenizer, { maxLength, chunk: maxLength });
    const every = Math.max(1, Math.floor(all.length / count));
    const some = all.filter((_, k) => k % every === 0).slice(0, count);
    return createBatches(some, { batchSize, padId: tokenizer.padId, seed, shuffle: false });
  };
  return { toRead: await batchesOf(novel.train, steps * batchSize), test: await batchesOf(novel.valid, heldOut) };
}

/**
 * Trains all of a model, and saves it.
 * @param {string} from
 * @param {string} to
 * @param {import('@peftjs/train').Batches<import('@peftjs/models').TokenBatch>} batches
 * @param {Options} options
 * @param {(line: string) => void} say
 */
async function learn(from, to, batches, { steps, learningRate, seed }, say) {
  const model = await loadModel(from);
  const training = { trainable: model.parameters(), optimizer: adamw(), learningRate, steps, seed };
  const seconds = await trainTimed(model, batches, { ...training, schedule: cosine({ warmup: 0.1 }) }, say);
  await saveModel(model, to, { dtype: 'F16' });
  model.dispose();
  return seconds;
}

async function timed(/** @type {() => Promise<unknown>} */ work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function fingerprint(/** @type {string} */ path) {
  return fingerprintWeights(await openWeights(diskFolder(path)));
}

async function sizeOf(/** @type {string} */ path) {
  const source = await diskFolder(path).open('model.safetensors');
  return source?.size ?? 0;
}
