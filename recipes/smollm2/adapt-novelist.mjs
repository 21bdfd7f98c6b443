// @ts-check
// LoRA on SmolLM2-135M-Instruct, over its weights held in one way: what it answers, how well it reads a novel, before and after.
import { loadAdapter, memoryFolder, saveAdapter } from '@peftjs/checkpoint';
import { attach, restore } from '@peftjs/core';
import { createBatches, tokenizeExamples } from '@peftjs/data';
import { lora, readLora } from '@peftjs/lora';
import { generateText, loadModel } from '@peftjs/models';
import { cosine, meanLoss } from '@peftjs/train';
import { trainTimed } from '../train-timed.mjs';

/**
 * @typedef {object} Options
 * @property {string} question
 * @property {number} answer tokens, at most
 * @property {number} maxLength tokens of a sequence
 * @property {number} heldOut sequences, evenly over the chapters held out
 * @property {number} batchSize
 * @property {number} steps
 * @property {number} rank
 * @property {number} learningRate
 * @property {number} seed
 *
 * @typedef {object} Held how the weights are held
 * @property {string} name
 * @property {import('@peftjs/core').Storage} [weights]
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} held bytes of all weights
 * @property {number} loading seconds
 * @property {string} answer of the model as it is
 * @property {number} before perplexity on the chapters held out
 * @property {number} after
 * @property {number} trainable numbers that are trained
 * @property {number} bytes what is saved
 * @property {number} seconds of training
 */

/**
 * @param {string} file the model
 * @param {{ readonly train: readonly string[], readonly valid: readonly string[] }} novel its chapters
 * @param {Held} held
 * @param {Options} options
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
export async function adaptNovelist(file, novel, { name, weights }, options, say) {
  const { question, answer: maxNewTokens, maxLength, heldOut, batchSize, steps, rank, learningRate, seed } = options;
  const started = performance.now();
  const model = await loadModel(file, weights === undefined ? {} : { weights });
  const loading = (performance.now() - started) / 1000;
  const { tokenizer } = model;
  if (tokenizer === null) throw new Error(`${file} has no tokenizer`);
  const held = heldBytes(model);
  say(`${name}: ${(held / 1e6).toFixed(1)} MB in ${loading.toFixed(1)} s`);

  const prompt = tokenizer.applyChatTemplate([{ role: 'user', content: question }], { addGenerationPrompt: true });
  const answer = await generateText(model, prompt, { maxNewTokens });
  say(`  ${question} ${answer}`);

  /** @param {readonly string[]} chapters */
  const sequencesOf = (chapters) => {
    const examples = chapters.map((text) => /** @type {const} */ ({ kind: 'text', text }));
    return tokenizeExamples(examples, tokenizer, { maxLength, chunk: maxLength });
  };
  const toRead = await sequencesOf(novel.train);
  const unread = await sequencesOf(novel.valid);
  const every = Math.max(1, Math.floor(unread.length / heldOut));
  const some = unread.filter((_, k) => k % every === 0).slice(0, heldOut);
  const form = { batchSize, padId: tokenizer.padId, seed };
  const test = createBatches(some, { ...form, shuffle: false });
  const before = Math.exp(await meanLoss(model, test));
  say(`  perplexity ${before.toFixed(2)}`);

  const adapter = attach(model, lora({ r: rank }), { name: 'novelist', seed });
  say(`  ${adapter.summary()}`);
  const training = { learningRate, steps, seed, schedule: cosine({ warmup: Math.ceil(steps / 10) }) };
  const seconds = await trainTimed(model, createBatches(toRead, form), training, say);
  const loss = await meanLoss(model, test);
  say(`  perplexity ${Math.exp(loss).toFixed(2)}`);
  const saved = memoryFolder();
  const { bytes } = await saveAdapter(adapter, saved);
  const trainable = adapter.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
  adapter.detach();
  const again = await restore(model, await loadAdapter(saved), [readLora()]);
  if ((await meanLoss(model, test)) !== loss) throw new Error('the adapter reads otherwise once saved and restored');
  again.detach();
  if ((await generateText(model, prompt, { maxNewTokens })) !== answer)
    throw new Error('the model answers otherwise once the adapter is off');
  model.dispose();
  return { name, held, loading, answer, before, after: Math.exp(loss), trainable, bytes, seconds };
}

/** What the process holds for the matrices, each once. @param {import('@peftjs/core').Host} model */
function heldBytes(model) {
  const weights = new Set(model.sites().flatMap((site) => ('weight' in site ? [site.weight] : [])));
  return [...weights].reduce((sum, weight) => sum + weight.bytes, 0);
}
