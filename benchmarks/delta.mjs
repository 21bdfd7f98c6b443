// @ts-check
// What does each way to keep a full fine-tune as its difference from the base take, lose and cost? --shape sotu (the default)
// or smollm2. Everything is float16. Times are those of one process that does nothing else, reading and writing a disk.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { distillSigns } from '@peftjs/delta-distill';
import { loadModel } from '@peftjs/models';
import { meanLoss } from '@peftjs/train';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';
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

const options = readOptions({ rounds: 3, own: ['shape'] });
const shape = /** @type {keyof typeof SHAPES} */ (options.more.shape ?? 'sotu');
const pair = options.quick ? tiny() : SHAPES[shape]();
const wanted = (/** @type {Spec} */ { name, id }) =>
  options.wants(name) && (!options.quick || id === 'exact' || id === 'sign');

const folder = await mkdtemp(join(tmpdir(), 'peftjs-benchmark-'));
const [base, tuned] = [join(folder, 'base'), join(folder, 'tuned')];
try {
  const { backend, device } = await useBackend([node({ device: 'cpu', threads: 2 }), wasm({ threads: 2 })]);
  const { calibration, heldOut } = await savePair(pair, folder);
  const { size } = await stat(join(tuned, 'model.safetensors'));

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

  /** @type {Record<string, any>[]} */
  const results = [
    { engine: 'the base', deltaBytes: 0, logitsError: 1, perplexity: round(before.perplexity, 5) },
    { engine: 'the fine-tune', deltaBytes: size, share: 1, logitsError: 0, perplexity: round(after.perplexity, 5) },
  ];

  /** @param {string} name @param {object} codec @param {(ask: (request: string, args: object) => Promise<any>) => Promise<object>} use */
  async function measured(name, codec, use) {
    const spec = /** @type {const} */ ({ name, language: 'javascript', file: 'engines/peftjs-delta.mjs' });
    const { engines } = await startEngines([{ ...spec, options: { base, tuned, codec } }]);
    const [engine] = engines;
    if (engine === undefined) throw new Error(`${name} did not start`);
    const resting = (await engine.ask('memory')).peakResidentBytes;
    const found = await use((request, args) => engine.ask(request, args));
    const { peakResidentBytes } = await engine.ask('memory');
    await engine.close();
    return { engine: name, ...found, addedResidentBytes: peakResidentBytes - resting };
  }
  /** The median time of a request. @param {number} rounds @param {() => Promise<any>} ask */
  async function repeated(rounds, ask) {
    const answers = [];
    for (let k = 0; k < rounds; k++) answers.push(await ask());
    return { ...answers[0], ms: median(answers.map(({ ms }) => ms)) };
  }
  const perSecond = (/** @type {number} */ ms) => round((1000 * size) / ms, 3);

  const file = { gzipBytes: 0, copyMs: 0 };
  await measured('the file', { id: 'exact' }, async (ask) => {
    const zipped = await repeated(options.rounds, () => ask('gzip', { out: join(folder, 'gzip') }));
    const copied = await repeated(options.rounds, () => ask('copy', { out: join(folder, 'copy') }));
    for (const [engine, bytes, ms] of [
      ['gzip over the file', zipped.bytes, zipped.ms],
      ['a copy of the file', size, copied.ms],
    ]) {
      const row = { engine, deltaBytes: bytes, share: round(bytes / size) };
      results.push({ ...row, diffMs: round(ms), diffBytesPerSecond: perSecond(ms) });
    }
    Object.assign(file, { gzipBytes: zipped.bytes, copyMs: copied.ms });
    return {};
  });

  /** A file with the scales. */
  async function distilledScales() {
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
    return path;
  }

  for (const { name, distilled, ...codec } of CODECS.filter(wanted)) {
    console.error(`${name}, after ${process.uptime().toFixed(0)} s`);
    const own = distilled ? { ...codec, scales: await distilledScales() } : codec;
    const out = join(folder, 'applied');
    const { rounds } = options;
    const row = await measured(name, own, async (ask) => {
      const [delta, both] = [join(folder, 'delta'), join(folder, 'reversible')];
      const made = await repeated(rounds, () => ask('diff', { out: delta, reversible: false }));
      const undone = await repeated(rounds, () => ask('diff', { out: both, reversible: true }));
      const { ms } = await repeated(rounds, () => ask('apply', { delta, out }));
      const lost = made.codecs[codec.id].error ** 2;
      return {
        deltaBytes: made.bytes,
        share: round(made.bytes / size),
        ofGzip: round(made.bytes / file.gzipBytes),
        reversibleBytes: undone.bytes,
        leastEnergy: round(1 - lost, 5),
        diffMs: round(made.ms),
        diffBytesPerSecond: perSecond(made.ms),
        diffOfCopy: round(file.copyMs / made.ms, 3),
        reversibleOfCopy: round(file.copyMs / undone.ms, 3),
        applyMs: round(ms),
        applyBytesPerSecond: perSecond(ms),
        applyOfCopy: round(file.copyMs / ms, 3),
      };
    });
    const { values, perplexity } = await read(out);
    results.push({
      ...row,
      logitsError: round(logitsError(values), 3),
      perplexity: round(perplexity, 5),
      perplexityOfTuned: round(perplexity / after.perplexity, 5),
    });
  }

  printTable(
    [
      ...['', 'MB', 'share', 'of gzip', 'MB, undone too', 'energy', 'logits', 'perplexity', 'of tuned'],
      ...['diff MB/s', 'of a copy', 'undone too', 'apply MB/s', 'of a copy', 'added RSS'],
    ],
    results.map((row) => [
      ...[row.engine, megabytes(row.deltaBytes), row.share, row.ofGzip, megabytes(row.reversibleBytes)],
      ...[row.leastEnergy, row.logitsError, row.perplexity, row.perplexityOfTuned],
      ...[megabytes(row.diffBytesPerSecond), row.diffOfCopy, row.reversibleOfCopy],
      ...[megabytes(row.applyBytesPerSecond), row.applyOfCopy, megabytes(row.addedResidentBytes)],
    ]),
  );
  const { file: _, ...rest } = pair;
  const workload = { ...rest, backend, device, modelBytes: size };
  const command = `node benchmarks/delta.mjs --shape ${shape}`;
  await report(shape === 'sotu' ? 'delta' : `delta-${shape}`, QUESTION, options, { command, workload, results });
} finally {
  await rm(folder, { recursive: true });
}

/** @param {Float32Array} a @param {Float32Array} b */
function distance(a, b) {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}
