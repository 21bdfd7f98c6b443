// @ts-check
// A small tf.LayersModel, made on MNIST's digits, learns to read them inverted: LoRA, a bottleneck, and the whole of it.
// Run: node recipes/vision.mjs [--out FILE]     --out: the record, as JSON
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { readArguments } from './read-arguments.mjs';
import { bytes, percent, report } from './report.mjs';
import { adaptDigits } from './vision/adapt-digits.mjs';
import { readDigits } from './vision/digits.mjs';

const options = {
  pretrained: 5000,
  trained: 2000,
  heldOut: 2000,
  batchSize: 32,
  seed: 1,
  pretraining: { epochs: 8, learningRate: 2e-3 },
  lora: { rank: 4, epochs: 15, learningRate: 5e-3 },
  bottleneck: { width: 8, epochs: 15, learningRate: 5e-3 },
  ia3: { epochs: 15, learningRate: 2e-2 },
  whole: { epochs: 15, learningRate: 2e-3 },
};
const out = readArguments().out;
const { backend } = await useBackend(wasm());
const digits = readDigits();
const rows = await adaptDigits(digits, options, console.log);

report({
  name: 'vision',
  out,
  backend,
  options,
  result: { rows },
  facts: [
    ['digits', String(digits.length)],
    ['the network is made on', `${options.pretrained}, as they are`],
    ['trained on', `${options.trained} others, inverted`],
    ['held out', String(options.heldOut)],
  ],
  table: {
    head: ['', 'inverted digits', 'plain digits', 'plain, adapter off', 'trained numbers', 'saved', 'training'],
    rows: rows.map((row) => [
      row.name,
      percent(row.inverted),
      percent(row.plain),
      percent(row.off),
      row.trainable.toLocaleString('en'),
      bytes(row.bytes),
      `${row.seconds.toFixed(1)} s`,
    ]),
  },
  text: '',
});
