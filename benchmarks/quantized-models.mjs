// @ts-check
// Real models in each storage: what a process holds for the weights, how long it loads them, and the perplexity of a novel
// before LoRA, with it, and with it merged into the storage. A process for each row, the same steps over the same data in all.
// `--only learn`, `--only load` and `--only memory` measure one part, `--engines` some rows, and keep what is recorded of the
// others: times to load want a quiet machine, perplexities and memory do not.
import { peftjs } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { recordedRows } from './harness/recorded-rows.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';
import { heldAlone, heldRow } from './harness/weigh.mjs';

const NAME = 'quantized-models';
const QUESTION =
  'What does a model in each storage hold, how long does it load, and what is its perplexity before LoRA, after, and after merging?';
const STORAGES = ['f32', 'f16', 'bf16', 'int8', 'int4', 'nf4', 'nf4-double', 'qlora', 'nf4-int8', 'fp4'];
const LORA = { rank: 8, learningRate: 1e-3 };

/** @type {Readonly<Record<string, { storages: readonly string[], learn: Readonly<Record<string, unknown>> }>>} */
const FULL = {
  'sotu-3m': {
    storages: STORAGES,
    learn: { ...LORA, chapters: { learned: 121, heldOut: 6 }, batchSize: 4, length: 128, steps: 100 },
  },
  'SmolLM2-135M': {
    storages: [...STORAGES, 'as-stored'],
    learn: { ...LORA, chapters: { learned: 121, heldOut: 1 }, batchSize: 2, length: 64, steps: 40 },
  },
};
/** @type {typeof FULL} */
const QUICK = {
  'sotu-3m': {
    storages: ['f32', 'nf4'],
    learn: { ...LORA, chapters: { learned: 1, heldOut: 1 }, batchSize: 4, length: 128, steps: 2 },
  },
};

const options = readOptions({ rounds: 3, parts: ['learn', 'load', 'memory'] });
const models = options.quick ? QUICK : FULL;

const rows = Object.entries(models)
  .flatMap(([model, { storages, learn }]) => storages.map((storage) => ({ model, storage, learn })))
  .map(({ model, storage, learn }) => ({
    ...{ name: `${model} in ${storage}`, float32: `${model} in f32`, learn },
    spec: peftjs('learn', 'wasm', { model, storage, threads: 2 }, `, ${model}, ${storage}`),
  }));
const wanted = rows.filter(({ name }) => options.wants(name));

/** What is known of each row: recorded before, or measured now. */
const known = recordedRows(NAME, options);

/** @type {Record<string, string>} */
const absent = {};

/** One answer of a process of its own; null where what it needs is not there. @param {typeof rows[number]} row @param {string} request @param {object} [args] */
async function askOnce({ name, spec }, request, args) {
  const started = await startEngines([spec]);
  const [engine] = started.engines;
  if (engine === undefined) {
    absent[name] = String(started.absent[spec.name]);
    return null;
  }
  const answer = await engine.ask(request, args);
  await engine.close();
  return answer;
}

/** @param {string} name @param {Record<string, unknown>} measured */
const note = (name, measured) => known.set(name, { engine: name, ...known.get(name), ...measured });

async function learnAll() {
  for (const row of wanted) {
    const answer = await askOnce(row, 'learn', row.learn);
    if (answer === null) continue;
    console.error(`${row.name}: ${JSON.stringify(answer)}`);
    const { before, after, merged, change, refused } = answer;
    note(row.name, {
      perplexity: round(before, 5),
      adapted: round(after, 5),
      merged: round(merged, 5),
      mergeChange: round(change, 3),
      mergeRefused: refused,
    });
  }
}

async function loadAll() {
  /** @type {Map<string, number[]>} */
  const times = new Map();
  for (let i = 0; i < options.rounds; i++) {
    for (const row of wanted) {
      const answer = await askOnce(row, 'load');
      if (answer !== null) times.set(row.name, [...(times.get(row.name) ?? []), answer.loadMs]);
    }
  }
  for (const [name, each] of times) note(name, { loadMs: round(median(each)) });
}

async function weighAll() {
  for (const row of wanted) {
    const held = await askOnce({ ...row, spec: heldAlone(row.spec) }, 'weigh');
    if (held !== null) note(row.name, heldRow(held));
  }
}

const measured = { learn: learnAll, load: loadAll, memory: weighAll };
for (const [part, measure] of Object.entries(measured)) if ((options.only ?? part) === part) await measure();
/** @type {Record<string, any>[]} */
const results = [];
for (const { name, float32 } of rows) {
  const row = known.get(name);
  if (row) results.push({ ...row, adaptedRatio: round(row.adapted / known.get(float32)?.adapted, 4) });
}

printTable(
  ['', 'load, ms', 'held MB', 'a number', 'perplexity', 'LoRA', 'x f32', 'merged', 'outputs change by', 'refused'],
  results.map((r) => [
    r.engine,
    r.loadMs,
    megabytes(r.heldBytes),
    r.bytesPerNumber,
    r.perplexity,
    r.adapted,
    r.adaptedRatio,
    r.merged,
    r.mergeChange,
    String(r.mergeRefused),
  ]),
);
printAbsent(absent);
await report(NAME, QUESTION, options, { workload: models, results, absent });
