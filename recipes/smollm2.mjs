// @ts-check
// A chat model in 4 bits, SmolLM2-135M-Instruct from its GGUF file, learns to read Moby-Dick by LoRA.
// Run: node recipes/smollm2.mjs [--quick] [--out FILE]     --quick: a few steps; --out: the record, as JSON
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { asStored } from '@peftjs/quantization';
import { mobyDick } from '../models/sotu-3m/corpus.mjs';
import { readArguments } from './read-arguments.mjs';
import { bytes, report } from './report.mjs';
import { adaptNovelist } from './smollm2/adapt-novelist.mjs';
import { fetchSmolLM2 } from './smollm2-file.mjs';

const FULL = {
  question: 'What is the capital of France? Answer in one sentence.',
  answer: 24,
  maxLength: 64,
  heldOut: 48,
  batchSize: 4,
  steps: 50,
  rank: 8,
  learningRate: 1e-3,
  seed: 1,
};
const QUICK = { ...FULL, answer: 12, heldOut: 4, batchSize: 2, steps: 6 };

/** @type {Readonly<Record<string, { readonly weights?: import('@peftjs/core').Storage }>>} */
const WEIGHTS = { float32: {}, 'as in the file': { weights: asStored() } };

const { given, out } = readArguments('quick');
const options = given('quick') ? QUICK : FULL;
const { backend } = await useBackend(wasm());
const novel = mobyDick();
const file = fetchSmolLM2();
const rows = [];
for (const name of given('quick') ? ['as in the file'] : Object.keys(WEIGHTS)) {
  rows.push(await adaptNovelist(file, novel, { name, ...WEIGHTS[name] }, options, console.log));
}

report({
  name: 'smollm2',
  out,
  backend,
  options,
  result: { rows },
  facts: [
    ['asked', options.question],
    ['answered', rows.map(({ answer }) => answer).join(' / ')],
    ['trained on', `${options.steps} batches of ${options.batchSize} x ${options.maxLength} tokens`],
    ['held out', `${options.heldOut} sequences of ${options.maxLength} tokens, of other chapters`],
  ],
  table: {
    head: ['weights', 'held', 'loading', 'perplexity', 'after LoRA', 'trained numbers', 'saved', 'training'],
    rows: rows.map((row) => [
      row.name,
      bytes(row.held),
      `${row.loading.toFixed(1)} s`,
      row.before.toFixed(2),
      row.after.toFixed(2),
      row.trainable.toLocaleString('en'),
      bytes(row.bytes),
      `${row.seconds.toFixed(0)} s`,
    ]),
  },
  text: 'The adapter was saved, loaded again, and read the chapters as before; without it the model answered as before.',
});
