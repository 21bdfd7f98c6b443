// @ts-check
// What does each way to keep a full fine-tune as its difference from the base take, lose and cost? --shape sotu (the default)
// or smollm2. Everything is float16. Times are those of one process that does nothing else, reading and writing a disk; memory
// is that of one that makes one delta that can be undone, and of one that applies it. `--only memory` measures that alone and
// keeps the recorded times, which want a quiet machine.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { distillSigns } from '@peftjs/delta-distill';
import { loadModel } from '@peftjs/models';
import { meanLoss } from '@peftjs/train';
import { withEngine } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { measuredAgain } from './harness/recorded-rows.mjs';
import { megabytes, printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';
import { addedResidentBytes } from './harness/weigh.mjs';
import { savePair, smollm2, sotu, tiny } from './workload/tuned-pair.mjs';

const QUESTION = 'What does each way to keep a full fine-tune as its difference from the base take, lose and cost?';
const SHAPES = { sotu, smollm2 };

/**
 * @typedef {{ name: string, id: string, options?: object, distilled?: boolean }} Spec
 * @type {readonly Spec[]}
 */
const CODECS = [
  { name: 'exact', id: 'exact' },
  { name: 'int8', id: 'int8' },
  { name: 'int4', id: 'int4' },
  { name: 'low rank, 16', id: 'low-rank', options: { rank: 16 } },
  { name: 'low rank, 64', id: 'low-rank', options: { rank: 64 } },
  { name: 'mixed precision', id: 'mixed' },
  { name: 'sparse, 5 %', id: 'sparse', options: { density: 0.05 } },
  { name: 'sign', id: 'sign', options: { perRow: true } },
  { name: 'sign, distilled', id: 'sign', distilled: true },
];

const options = readOptions({ rounds: 3, own: ['shape'], parts: ['memory'] });
const { rounds, quick } = options;
const shape = /** @type {keyof typeof SHAPES} */ (options.more.shape ?? 'sotu');
const NAME = shape === 'sotu' ? 'delta' : `delta-${shape}`;
const pair = quick ? tiny() : SHAPES[shape]();
const specs = CODECS.filter(({ id }) => !quick || id === 'exact' || id === 'sign');

const folder = await mkdtemp(join(tmpdir(), 'peftjs-benchmark-'));
const [base, tuned] = [join(folder, 'base'), join(folder, 'tuned')];
const [delta, reversible, applied] = ['delta', 'reversible', 'applied'].map((name) => join(folder, name));

/** What makes and applies deltas in a process of its own. @param {Spec & { scales?: string }} spec */
const engineOf = ({ name, distilled: _, ...codec }) => ({
  ...{ name, language: /** @type {const} */ ('javascript'), file: 'engines/peftjs-delta.mjs' },
  options: { base, tuned, codec },
});

/** @param {Parameters<typeof engineOf>[0]} spec */
async function weigh(spec) {
  const engine = engineOf(spec);
  return {
    diffAddedBytes: await addedResidentBytes(engine, 'diff', { out: reversible, reversible: true }),
    applyAddedBytes: await addedResidentBytes(engine, 'apply', { delta: reversible, out: applied }),
  };
}

/** The spec, with a file of scales where they are trained. @param {Spec} spec @param {import('./workload/tuned-pair.mjs').Batches} calibration */
async function distilled(spec, calibration) {
  if (!spec.distilled) return spec;
  const model = await loadModel(tuned);
  const { scales } = await distillSigns(model, base, calibration, {
    steps: pair.distillation,
    onStep({ step, loss }) {
      if (step % 10 === 0) console.error(`  step ${step}: ${loss.toExponential(2)}`);
    },
  });
  model.dispose();
  const path = join(folder, 'scales.json');
  await writeFile(path, JSON.stringify(Object.fromEntries([...scales].map(([name, some]) => [name, [...some]]))));
  return { ...spec, scales: path };
}

/** @param {Awaited<ReturnType<typeof savePair>>} batches @param {object} device */
async function measureAll({ calibration, heldOut }, device) {
  const { size } = await stat(join(tuned, 'model.safetensors'));
  const perSecond = (/** @type {number} */ ms) => round((1000 * size) / ms, 3);

  /** Logits of the calibration batch, and the perplexity of what is held out. @param {string} path */
  async function read(path) {
    const model = await loadModel(path);
    const logits = model.logits(heldOut.get(0, 0));
    const values = /** @type {Float32Array} */ (await logits.data());
    logits.dispose();
    const perplexity = Math.exp(await meanLoss(model, heldOut));
    model.dispose();
    return { values, perplexity };
  }
  const [before, after] = [await read(base), await read(tuned)];
  /** Of logits, as a share of what the fine-tune changed in them. @param {Float32Array} values */
  const logitsError = (values) => distance(values, after.values) / distance(before.values, after.values);

  /** The median of so many answers. @param {() => Promise<any>} ask */
  async function repeated(ask) {
    const answers = [];
    for (let k = 0; k < rounds; k++) answers.push(await ask());
    return { ...answers[0], ms: median(answers.map(({ ms }) => ms)), cores: median(answers.map(({ cores }) => cores)) };
  }
  const [zipped, copied] = await withEngine(engineOf({ name: 'the file', id: 'exact' }), async ({ ask }) => [
    await repeated(() => ask('gzip', { out: join(folder, 'gzip') })),
    await repeated(() => ask('copy', { out: join(folder, 'copy') })),
  ]);
  /** @param {string} engine @param {number} bytes @param {number} ms */
  const fileRow = (engine, bytes, ms) => {
    const row = { engine, deltaBytes: bytes, share: round(bytes / size) };
    return { ...row, diffMs: round(ms), diffBytesPerSecond: perSecond(ms) };
  };
  /** @type {Record<string, any>[]} */
  const results = [
    { engine: 'the base', deltaBytes: 0, logitsError: 1, perplexity: round(before.perplexity, 5) },
    { engine: 'the fine-tune', deltaBytes: size, share: 1, logitsError: 0, perplexity: round(after.perplexity, 5) },
    fileRow('gzip over the file', zipped.bytes, zipped.ms),
    fileRow('a copy of the file', size, copied.ms),
  ];
  for (const spec of specs.filter(({ name }) => options.wants(name))) {
    console.error(`${spec.name}, after ${process.uptime().toFixed(0)} s`);
    const whole = await distilled(spec, calibration);
    const held = await weigh(whole);
    const { made, undone, again } = await withEngine(engineOf(whole), async ({ ask }) => ({
      made: await repeated(() => ask('diff', { out: delta, reversible: false })),
      undone: await repeated(() => ask('diff', { out: reversible, reversible: true })),
      again: await repeated(() => ask('apply', { delta: reversible, out: applied })),
    }));
    const { values, perplexity } = await read(String(applied));
    results.push({
      engine: spec.name,
      deltaBytes: made.bytes,
      share: round(made.bytes / size),
      ofGzip: round(made.bytes / zipped.bytes),
      reversibleBytes: undone.bytes,
      leastEnergy: round(1 - made.codecs[spec.id].error ** 2, 5),
      diffMs: round(made.ms),
      diffBytesPerSecond: perSecond(made.ms),
      diffOfCopy: round(copied.ms / made.ms, 3),
      reversibleOfCopy: round(copied.ms / undone.ms, 3),
      diffCores: round(undone.cores, 3),
      applyMs: round(again.ms),
      applyBytesPerSecond: perSecond(again.ms),
      applyOfCopy: round(copied.ms / again.ms, 3),
      applyCores: round(again.cores, 3),
      ...held,
      logitsError: round(logitsError(values), 3),
      perplexity: round(perplexity, 5),
      perplexityOfTuned: round(perplexity / after.perplexity, 5),
    });
  }
  const { file: _, ...rest } = pair;
  const command = `node benchmarks/delta.mjs --shape ${shape}`;
  return { command, workload: { ...rest, ...device, modelBytes: size }, results };
}

try {
  const { backend, device } = await useBackend([node({ device: 'cpu', threads: 2 }), wasm({ threads: 2 })]);
  const batches = await savePair(pair, folder);
  const found = options.only
    ? await measuredAgain(NAME, options, specs, async (spec) => weigh(await distilled(spec, batches.calibration)))
    : await measureAll(batches, { backend, device });
  printTable(
    [
      ...['', 'MB', 'share', 'of gzip', 'MB, undone too', 'energy', 'logits', 'perplexity', 'of tuned'],
      ...['diff MB/s', 'of a copy', 'undone too', 'cores', 'apply MB/s', 'of a copy', 'cores'],
      ...['diff adds MB', 'apply adds MB'],
    ],
    found.results.map((row) => [
      ...[row.engine, megabytes(row.deltaBytes), row.share, row.ofGzip, megabytes(row.reversibleBytes)],
      ...[row.leastEnergy, row.logitsError, row.perplexity, row.perplexityOfTuned],
      ...[megabytes(row.diffBytesPerSecond), row.diffOfCopy, row.reversibleOfCopy, row.diffCores],
      ...[megabytes(row.applyBytesPerSecond), row.applyOfCopy, row.applyCores],
      ...[megabytes(row.diffAddedBytes), megabytes(row.applyAddedBytes)],
    ]),
  );
  await report(NAME, QUESTION, options, found);
} finally {
  await rm(folder, { recursive: true });
}

/** @param {Float32Array} a @param {Float32Array} b */
function distance(a, b) {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}
