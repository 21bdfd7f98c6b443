// @ts-check
// Which matrices of a model does it mind most in 4 bits? The perplexity of a novel with one kind of them in nf4 and all others in
// float32, and how far nf4 is from their numbers; the first row has that of numbers that are normal, which nf4 is made for.
// Nothing is trained or timed. `--engines` measures some rows and keeps what is recorded of the others.
import { normal, random, useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { storeWeights } from '@peftjs/core';
import { loadModel } from '@peftjs/models';
import { int8, nf4 } from '@peftjs/quantization';
import { meanLoss } from '@peftjs/train';
import { readOptions } from './harness/options.mjs';
import { recordedRows } from './harness/recorded-rows.mjs';
import { printAbsent, printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';
import { novelBatches } from './workload/novel.mjs';
import { findModel } from './workload/real-models.mjs';

const NAME = 'rounded-kinds';
const QUESTION =
  'How much does a model lose with one kind of its matrices in 4 bits, and how far are these from their numbers?';

const ATTENTION = ['attn.q', 'attn.k', 'attn.v', 'attn.o'];
const MLP = ['mlp.gate', 'mlp.up', 'mlp.down'];
/** By the roles of the sites. @type {readonly { name: string, roles: readonly string[], storage: import('@peftjs/core').Storage }[]} */
const KINDS = [
  { name: 'embed', roles: ['embed', 'head'], storage: nf4() },
  ...[...ATTENTION, ...MLP].map((role) => ({ name: role, roles: [role], storage: nf4() })),
  { name: 'layers', roles: [...ATTENTION, ...MLP], storage: nf4() },
  { name: 'layers, blocks of 32', roles: [...ATTENTION, ...MLP], storage: nf4({ block: 32 }) },
  { name: 'embed in int8', roles: ['embed', 'head'], storage: int8() },
  { name: 'layers in int8', roles: [...ATTENTION, ...MLP], storage: int8() },
];

const FULL = {
  'sotu-3m': { chapters: { learned: 1, heldOut: 6 }, batchSize: 4, length: 128 },
  'SmolLM2-135M': { chapters: { learned: 1, heldOut: 1 }, batchSize: 2, length: 64 },
};
const QUICK = { 'sotu-3m': { chapters: { learned: 1, heldOut: 1 }, batchSize: 4, length: 128 } };

/** What rounding takes away, and what there is: sums of squares. @param {Float32Array} values @param {number} outDim @param {number} inDim @param {import('@peftjs/core').Storage} storage */
function squares(values, outDim, inDim, storage) {
  const rounded = storage.rounded?.(values, outDim, inDim);
  if (rounded === undefined) throw new Error('the storage does not say what it makes of numbers');
  let lost = 0;
  let all = 0;
  for (const [i, value] of values.entries()) {
    lost += (value - Number(rounded[i])) ** 2;
    all += value ** 2;
  }
  return { lost, all };
}

/** @param {readonly { lost: number, all: number }[]} parts */
const errorOf = (parts) =>
  Math.sqrt(parts.reduce((sum, { lost }) => sum + lost, 0) / parts.reduce((sum, { all }) => sum + all, 0));

/** @param {import('@peftjs/models').CausalLM} model @param {typeof KINDS[number]} kind */
async function weightError(model, { roles, storage }) {
  const sites = model.sites().flatMap((site) => ('weight' in site ? [site] : []));
  const weights = new Set(
    sites.filter(({ role }) => role.split(' ').some((one) => roles.includes(one))).map(({ weight }) => weight),
  );
  const parts = [];
  for (const weight of weights) {
    const dense = weight.read();
    const values = /** @type {Float32Array} */ (await dense.data());
    parts.push(squares(values, weight.outDim, weight.inDim, storage));
    dense.dispose();
  }
  return errorOf(parts);
}

const options = readOptions({ rounds: 1 });
const models = options.quick ? QUICK : FULL;
const kinds = options.quick ? KINDS.slice(0, 2) : KINDS;
const known = recordedRows(NAME, options);
/** @type {Record<string, string>} */
const absent = {};
await useBackend(wasm({ threads: 2 }));

const side = 1024;
const drawn = normal(random(1), side * side, 1);
known.set('normal numbers', {
  engine: 'normal numbers',
  weightError: round(errorOf([squares(drawn, side, side, nf4())]), 4),
});

for (const [name, { chapters, batchSize, length }] of Object.entries(models)) {
  const wanted = kinds.filter((kind) => options.wants(`${name}, ${kind.name}`));
  const found = findModel(name);
  if ('absent' in found) absent[name] = found.absent;
  if ('absent' in found || wanted.length === 0) continue;
  const model = await loadModel(found.path);
  const { heldOut } = await novelBatches(model, chapters, batchSize, length);
  const float32 = await meanLoss(model, heldOut);
  for (const kind of wanted) {
    const { undo } = await storeWeights(model, kind.storage, { targets: { modules: kind.roles } });
    const loss = await meanLoss(model, heldOut);
    undo();
    const row = {
      engine: `${name}, ${kind.name}`,
      weightError: round(await weightError(model, kind), 4),
      perplexity: round(Math.exp(loss), 5),
      perplexityRatio: round(Math.exp(loss - float32), 4),
    };
    known.set(row.engine, row);
    console.error(JSON.stringify(row));
  }
  model.dispose();
}

const order = [
  'normal numbers',
  ...Object.keys(models).flatMap((model) => kinds.map((kind) => `${model}, ${kind.name}`)),
];
const results = order.flatMap((name) => known.get(name) ?? []);
printTable(
  ['', 'error of the numbers', 'perplexity', 'x f32'],
  results.map((r) => [r.engine, r.weightError, r.perplexity, r.perplexityRatio]),
);
printAbsent(absent);
await report(NAME, QUESTION, options, { workload: models, results, absent });
