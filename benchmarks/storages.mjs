// @ts-check
// What does a process hold for its frozen weights in each storage, how long does it load them, and what do a LoRA step and a
// token take, beside float32? SmolLM2-135M's shape, 2 threads. `--only memory` weighs again and keeps the recorded times, which
// want a quiet machine.
import { peftjs } from './engines/specs.mjs';
import { checkAgreement } from './harness/agreement.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { measuredAgain } from './harness/recorded-rows.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { runRounds, summarize } from './harness/rounds.mjs';
import { median, round } from './harness/statistics.mjs';
import { takeTurns } from './harness/take-turns.mjs';
import { warnOfOthers } from './harness/watch-others.mjs';
import { weigh } from './harness/weigh.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { smollm2, tiny } from './workload/shapes.mjs';
import { storeBase } from './workload/store-base.mjs';

const NAME = 'storages';
const QUESTION =
  'What do the frozen weights take in each storage: memory, time to load, time of a step and of a token?';
const ALL = 'f32,f16,bf16,int8,int8-inputs,int4,nf4,nf4-double';
/** Those that hold the numbers of the base as they are: they compute the same. */
const EXACT = ['f32', 'f16', 'bf16'];
const BACKENDS = /** @type {const} */ (['wasm', 'node']);

const options = readOptions({ rounds: 5, own: ['storages'], parts: ['memory'] });
const STORAGES = (options.more.storages ?? ALL).split(',');
const workload = options.quick ? tiny() : smollm2();
const prompt = Array.from({ length: 8 }, (_, i) => (i * 7 + 3) % Number(workload.config.vocab_size));

/** @param {typeof BACKENDS[number]} backend @param {string} folder */
function specsOf(backend, folder) {
  const own = { folder, threads: 2, prompt, r: workload.r };
  return STORAGES.map((storage) => peftjs('storages', backend, { ...own, storage }, `, ${storage}`));
}

/** The storages on one backend, in turns. @param {typeof BACKENDS[number]} backend @param {string} folder */
async function compare(backend, folder) {
  const specs = specsOf(backend, folder);
  const wanted = specs.filter(({ name }) => options.wants(name));
  const { engines, absent } = await startEngines(wanted);
  const [first] = engines;
  if (first === undefined) return { results: [], agreement: null, others: [], absent };
  const { records, others } = await runRounds(engines, options);
  const exact = EXACT.map((storage) => specs[STORAGES.indexOf(storage)]?.name);
  const agreement = checkAgreement(new Map([...records].filter(([name]) => exact.includes(name))), first.name);
  const tokens = await takeTurns(engines, () => ['a token'], { rounds: options.rounds, count: options.quick ? 2 : 16 });
  const results = [];
  for (const engine of engines) {
    const record = records.get(engine.name);
    const spec = specs.find(({ name }) => name === engine.name);
    const turns = tokens.turns.find((one) => one.engine === engine);
    if (record === undefined || spec === undefined || turns === undefined) continue;
    const { loadMs } = await engine.ask('load');
    const { peakBytes } = await engine.ask('inspect');
    const held = await weigh(spec);
    const tokenRatios = turns.medians.map((ms, i) => ms / (tokens.turns[0]?.medians[i] ?? Number.NaN));
    results.push({
      engine: engine.name,
      about: engine.about,
      ...summarize(record, records.get(first.name)),
      tokenMs: round(median(turns.medians)),
      tokenRatio: round(median(tokenRatios), 3),
      loadMs: round(loadMs),
      ...held,
      peakBytes,
    });
  }
  for (const engine of engines) await engine.close();
  return { results, agreement, others: [...others, ...tokens.others], absent };
}

/** All of them, backend by backend. @param {string} folder */
async function compareAll(folder) {
  const each = [];
  for (const backend of BACKENDS) each.push(await compare(backend, folder));
  const others = each.flatMap((one) => one.others);
  /** @type {Record<string, string>} */
  const absent = Object.assign({}, ...each.map((one) => one.absent));
  printAbsent(absent);
  if (!options.quick) warnOfOthers(others);
  return {
    ...{ workload, agreement: each.map((one) => one.agreement), others, absent },
    results: each.flatMap((one) => one.results),
  };
}

await withWorkload(workload, async (folder) => {
  await storeBase(folder);
  const specs = BACKENDS.flatMap((backend) => specsOf(backend, folder));
  const weighAgain = () => measuredAgain(NAME, options, specs, weigh);
  const found = options.only === 'memory' ? await weighAgain() : await compareAll(folder);
  printTable(
    ['engine', 'step, ms', 'x f32', 'token, ms', 'x f32', 'load, ms', 'weights MB', 'held MB', 'a number', 'peak MB'],
    found.results.map((r) => [
      r.engine,
      r.medianMs,
      r.ratio,
      r.tokenMs,
      r.tokenRatio,
      r.loadMs,
      megabytes(r.weightBytes),
      megabytes(r.heldBytes),
      r.bytesPerNumber,
      megabytes(r.peakBytes),
    ]),
  );
  await report(NAME, QUESTION, options, found);
});
