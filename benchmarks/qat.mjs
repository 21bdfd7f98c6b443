// @ts-check
// How much of what rounding loses does quantization-aware training recover, at 8, 4 and 3 bits? A model of 2.8 million
// parameters learns the novel of its corpus, by LoRA and whole: in float32 and rounded afterwards, and over rounded weights.
// Each row of a weight has one step of rounding. Every run takes as many training steps over the same data.
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { attach, merge, modulesToSave, storeWeights } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { gridStorage, qat } from '@peftjs/quantization';
import { cosine, meanLoss, train } from '@peftjs/train';
import { readOptions } from './harness/options.mjs';
import { printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';
import { LENGTH, novelWorkload } from './workload/novel.mjs';

const QUESTION = 'How much of what rounding loses does quantization-aware training recover, at 8, 4 and 3 bits?';
const BITS = [8, 4, 3];
/** What merging and storing may change of a loss: float32 adds up in another order. */
const ROUNDING = 1e-4;

const options = readOptions({ rounds: 1 });
const { steps, batchSize, chapters } = options.quick
  ? { steps: 2, batchSize: 2, chapters: { learned: 1, heldOut: 1 } }
  : { steps: 150, batchSize: 4, chapters: { learned: 121, heldOut: 6 } };

const { backend, device } = await useBackend([node({ device: 'cpu', threads: 2 }), wasm({ threads: 2 })]);
const { model, training, heldOut } = await novelWorkload(chapters, batchSize);
const modules = model.sites().flatMap(({ kind, role, path }) => (kind === 'linear' && role !== 'head' ? [path] : []));

const METHODS = [
  { name: 'LoRA', method: lora({ r: 8, alpha: 16 }), learningRate: 2e-3 },
  { name: 'whole weights', method: modulesToSave(modules), learningRate: 5e-4 },
];

const heldOutLoss = () => meanLoss(model, heldOut);

/** @param {import('@peftjs/core').Method} method @param {number} learningRate */
async function trained(method, learningRate) {
  const adapter = attach(model, method, { seed: 1 });
  const schedule = cosine({ warmup: 0.1 });
  for await (const event of train(model, training, { learningRate, steps, schedule })) {
    if (event.type === 'step' && event.step % 50 === 0) console.error(`  step ${event.step}: ${event.loss.toFixed(3)}`);
  }
  return adapter;
}

/** The loss with the weights of so many bits. @param {number} bits */
async function rounded(bits) {
  const { undo } = await storeWeights(model, gridStorage({ bits }));
  const loss = await heldOutLoss();
  undo();
  return loss;
}

const before = await heldOutLoss();
const results = [];
for (const { name, method, learningRate } of METHODS) {
  console.error(`${name}, float32`);
  const plain = await trained(method, learningRate);
  await merge(plain);
  const float32 = await heldOutLoss();
  /** @type {Map<number, number>} */
  const afterwards = new Map();
  for (const bits of BITS) afterwards.set(bits, await rounded(bits));
  plain.detach();
  for (const bits of BITS) {
    console.error(`${name}, ${bits} bits`);
    const adapter = await trained(qat(method, { bits, over: 'merged' }), learningRate);
    const evaluated = await heldOutLoss();
    await merge(adapter);
    const exported = await rounded(bits);
    adapter.detach();
    if (!(Math.abs(exported - evaluated) <= ROUNDING))
      throw new Error(`${name}, ${bits} bits: evaluated with a loss of ${evaluated}, exported with ${exported}`);
    const lost = /** @type {number} */ (afterwards.get(bits)) - float32;
    results.push({
      engine: `${name}, ${bits} bits`,
      float32: round(Math.exp(float32)),
      rounded: round(Math.exp(float32 + lost)),
      trainedRounded: round(Math.exp(exported)),
      recovered: round((float32 + lost - exported) / lost, 3),
    });
  }
}
model.dispose();

console.log(`perplexity of the held-out chapters, ${round(Math.exp(before))} before training`);
printTable(
  ['', 'float32', 'rounded afterwards', 'trained over rounded', 'recovered'],
  results.map((r) => [r.engine, r.float32, r.rounded, r.trainedRounded, r.recovered]),
);
const workload = {
  steps,
  batchSize,
  chapters,
  length: LENGTH,
  backend,
  device,
  before: round(Math.exp(before)),
};
await report('qat', QUESTION, options, { workload, results });
