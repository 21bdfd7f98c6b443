// @ts-check
// A fine-tuned model kept and shipped as its difference from the base, by way of a registry.
// Run: node recipes/delta.mjs [--quick] [--out FILE]     --quick: a few steps; --out: the record, as JSON
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { mobyDick } from '../models/sotu-3m/corpus.mjs';
import { shipDelta } from './delta/ship-delta.mjs';
import { readArguments } from './read-arguments.mjs';
import { bytes, percent, report } from './report.mjs';

const FULL = { maxLength: 128, batchSize: 4, steps: 60, learningRate: 3e-4, heldOut: 64, seed: 1 };
const QUICK = { ...FULL, maxLength: 16, batchSize: 2, steps: 2, heldOut: 4 };

const { given, out } = readArguments('quick');
const options = given('quick') ? QUICK : FULL;
const { backend } = await useBackend(wasm());
const base = new URL('../models/sotu-3m', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'peftjs-recipe-'));
try {
  const result = await shipDelta(base, mobyDick(), folder, options, console.log);
  report({
    name: 'delta',
    out,
    backend,
    options,
    result,
    facts: [
      [
        'trained on',
        `twice ${options.steps} batches of ${options.batchSize} x ${options.maxLength} tokens, every weight`,
      ],
      ['held out', `${options.heldOut} sequences of ${options.maxLength} tokens, of other chapters`],
      ['shipped', `${percent(result.share)} of the model, by ${result.codecs.join(', ')}`],
    ],
    table: {
      head: ['', 'perplexity', 'shipped', 'time'],
      rows: result.rows.map(({ name, perplexity, bytes: size, seconds }) => [
        ...[name, perplexity.toFixed(3), bytes(size)],
        seconds === 0 ? '' : seconds < 1 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(1)} s`,
      ]),
    },
    text: result.lineage.map((line) => line.replaceAll(`${folder}/`, '')).join('\n'),
  });
} finally {
  await rm(folder, { recursive: true });
}
