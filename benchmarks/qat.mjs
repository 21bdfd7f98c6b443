// @ts-check
// How much of what rounding loses does quantization-aware training recover, at 8, 4 and 3 bits? A model of 2.8 million
// parameters learns the novel of its corpus, by LoRA and whole: in float32 and rounded afterwards, and over rounded weights with
// steps that fit or are learned. Each row of a weight has one step. Every run trains as long over the same data. `--engines`
// measures some rows and keeps what is recorded of the others.
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { attach, merge, modulesToSave, storeWeights } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { gridStorage, qat } from '@peftjs/quantization';
import { cosine, meanLoss, train } from '@peftjs/train';
import { readOptions } from './harness/options.mjs';
import { recordedRows } from './harness/recorded-rows.mjs';
import { printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';
import { LENGTH, novelWorkload } from './workload/novel.mjs';

const QUESTION = 'How much of what rounding loses does quantization-aware training recover, at 8, 4 and 3 bits?';
/** What merging and storing may change of a loss: float32 adds up in another order. */
const ROUNDING = 1e-4;
/** Nats: where rounding loses less, what is recovered of it would be noise of the training. */
const LOST = 1e-3;

const options = readOptions({ rounds: 1 });
const {
  bits: BITS,
  steps,
  batchSize,
  chapters,
} = options.quick
  ? { bits: [4], steps: 2, batchSize: 4, chapters: { learned: 1, heldOut: 1 } }
  : { bits: [8, 4, 3], steps: 150, batchSize: 4, chapters: { learned: 121, heldOut: 6 } };

const { backend, device } = await useBackend([node({ device: 'cpu', threads: 2 }), wasm({ threads: 2 })]);
const { model, training, heldOut } = await novelWorkload(chapters, batchSize);
const modules = model.sites().flatMap(({ kind, role, path }) => (kind === 'linear' && role !== 'head' ? [path] : []));

const METHODS = [
  { name: 'LoRA', method: lora({ r: 8, alpha: 16 }), learningRate: 2e-3 },
  { name: 'whole weights', method: modulesToSave(modules), learningRate: 1e-3 },
];
/** Of learned steps, which are small numbers. */
const STEP_RATE = 5e-5;
/** At 8 bits there is nothing to learn. */
const KINDS = BITS.flatMap((bits) =>
  (bits === 8 ? /** @type {const} */ (['fitted']) : /** @type {const} */ (['fitted', 'learned'])).map((steps) => ({
    bits,
    steps,
  })),
);

const heldOutLoss = () => meanLoss(model, heldOut);

/** @param {import('@peftjs/core').Method} method @param {number} learningRate */
async function trained(method, learningRate) {
  const adapter = attach(model, method, { seed: 1 });
  const schedule = cosine({ warmup: 0.1 });
  /** @param {{ key: string }} parameter */
  const rates = ({ key }) => (key.endsWith('qat_step') ? STEP_RATE / learningRate : 1);
  for await (const event of train(model, training, { learningRate, rates, steps, schedule })) {
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

const nameOf = (/** @type {string} */ name, /** @type {typeof KINDS[number]} */ { bits, steps: kind }) =>
  `${name} at ${bits} bits${kind === 'learned' ? ', learned steps' : ''}`;

const known = recordedRows('qat', options);
const before = await heldOutLoss();
for (const { name, method, learningRate } of METHODS) {
  const kinds = KINDS.filter((kind) => options.wants(nameOf(name, kind)));
  if (kinds.length === 0) continue;
  console.error(`${name}, float32`);
  const plain = await trained(method, learningRate);
  await merge(plain);
  const float32 = await heldOutLoss();
  /** @type {Map<number, number>} */
  const afterwards = new Map();
  for (const { bits } of kinds) afterwards.set(bits, await rounded(bits));
  plain.detach();
  for (const { bits, steps } of kinds) {
    const engine = nameOf(name, { bits, steps });
    console.error(engine);
    const adapter = await trained(qat(method, { bits, over: 'merged', steps }), learningRate);
    const evaluated = await heldOutLoss();
    await merge(adapter);
    // Steps that fit are found again.
    const exported = steps === 'fitted' ? await rounded(bits) : await heldOutLoss();
    adapter.detach();
    if (!(Math.abs(exported - evaluated) <= ROUNDING))
      throw new Error(`${engine}: evaluated with a loss of ${evaluated}, exported with ${exported}`);
    const lost = /** @type {number} */ (afterwards.get(bits)) - float32;
    const row = {
      engine,
      float32: round(Math.exp(float32), 5),
      rounded: round(Math.exp(float32 + lost), 5),
      trainedRounded: round(Math.exp(exported), 5),
      recovered: lost > LOST ? round((float32 + lost - exported) / lost, 3) : null,
    };
    known.set(engine, row);
    console.error(JSON.stringify(row));
  }
}
model.dispose();
const results = METHODS.flatMap(({ name }) => KINDS.flatMap((kind) => known.get(nameOf(name, kind)) ?? []));

console.log(`perplexity of the held-out chapters, ${round(Math.exp(before))} before training`);
printTable(
  ['', 'float32', 'rounded afterwards', 'trained over rounded', 'recovered'],
  results.map((r) => [r.engine, r.float32, r.rounded, r.trainedRounded, r.recovered]),
);
const workload = {
  methods: METHODS.map(({ name, learningRate }) => ({ name, learningRate })),
  stepRate: STEP_RATE,
  steps,
  batchSize,
  chapters,
  length: LENGTH,
  backend,
  device,
  before: round(Math.exp(before)),
};
await report('qat', QUESTION, options, { workload, results });
