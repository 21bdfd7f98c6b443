// @ts-check
// What brings LoRA over nf4 nearer to LoRA over float32: scales fitted to text, codes whose errors make up for each other, scales that
// are trained to say what float32 says, smaller blocks, a higher rank, a start from what is lost, longer training? Perplexity of a
// novel before LoRA and after, the layers in nf4 with double quantization, embeddings and output in int8. A process for each row;
// nothing is timed. `--engines` measures some rows and keeps what is recorded of the others; `--backend node` trains SmolLM2 faster.
import { peftjs } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { recordedRows } from './harness/recorded-rows.mjs';
import { printAbsent, printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';

const NAME = 'nearer-float32';
const QUESTION = 'What brings LoRA over nf4 nearer to LoRA over float32?';

/**
 * `fitted`: to what of the inputs; `trained`: for so many steps scales are then; `cloq`: LoRA starts from what is lost; `apart`: one of
 * this rank does, and another is trained.
 * @typedef {{ storage?: string, rank?: number, fitted?: 'squares' | 'products', trained?: number, cloq?: boolean, block?: number, apart?: number }} Way
 */

/** @type {Way} */
const NEAREST = { fitted: 'products', block: 32, cloq: true };

/** @type {Readonly<Record<string, Way>>} */
const WAYS = {
  float32: { storage: 'f32' },
  'as it is': {},
  'blocks of 32': { storage: 'nf4-32-int8' },
  'rank 32': { rank: 32 },
  'fitted to text': { fitted: 'squares' },
  'fitted to text, rank 32': { fitted: 'squares', rank: 32 },
  'fitted to text in blocks of 32': { fitted: 'squares', block: 32 },
  'errors made up for': { fitted: 'products' },
  'fitted to text, CLoQ': { fitted: 'squares', cloq: true },
  'errors made up for, CLoQ': { fitted: 'products', cloq: true },
  'fitted to text, scales trained': { fitted: 'squares', trained: 100 },
  'float32, rank 64': { storage: 'f32', rank: 64 },
  'errors made up for in blocks of 32, CLoQ, rank 64': { ...NEAREST, rank: 64 },
  'errors made up for in blocks of 32, CLoQ of rank 64 apart': { ...NEAREST, apart: 64 },
};

const LORA = { rank: 8, learningRate: 1e-3, merges: false };
const SHORT = Object.keys(WAYS).filter((way) => way !== 'float32' && way !== 'as it is');
/** Layers of the repository's base have no 64 directions. */
const LOW = SHORT.filter((way) => Math.max(WAYS[way]?.rank ?? 0, WAYS[way]?.apart ?? 0) < 64);
/**
 * The first two as in `quantized-models`, which has recorded float32 and nf4 as it is. `batches`: of what is learned that scales
 * are fitted to, and that products of inputs are measured on, which takes more.
 * @type {Readonly<Record<string, Readonly<{ model: string, ways: readonly string[], batches: Record<'squares' | 'products', number>, learn: Record<string, any> }>>>}
 */
const FULL = {
  'sotu-3m': {
    ...{ model: 'sotu-3m', ways: LOW, batches: { squares: 32, products: 128 } },
    learn: { ...LORA, chapters: { learned: 121, heldOut: 6 }, batchSize: 4, length: 128, steps: 100 },
  },
  'SmolLM2-135M': {
    ...{ model: 'SmolLM2-135M', ways: SHORT, batches: { squares: 32, products: 128 } },
    learn: { ...LORA, chapters: { learned: 121, heldOut: 1 }, batchSize: 2, length: 64, steps: 40 },
  },
  // Five times the text, and five times that to judge by.
  'SmolLM2-135M for longer': {
    ...{ model: 'SmolLM2-135M', batches: { squares: 16, products: 64 } },
    ways: ['float32', 'as it is', 'fitted to text', 'fitted to text, CLoQ', 'fitted to text, scales trained'],
    learn: { ...LORA, chapters: { learned: 121, heldOut: 7 }, batchSize: 2, length: 128, steps: 100, every: 25 },
  },
};
const QUICK = {
  'sotu-3m': {
    ...{ model: 'sotu-3m', ways: ['errors made up for, CLoQ'], batches: { squares: 1, products: 1 } },
    learn: { ...LORA, chapters: { learned: 1, heldOut: 1 }, batchSize: 4, length: 128, steps: 2, every: 1 },
  },
};

const options = readOptions({ rounds: 1, own: ['backend'] });
const { backend = 'wasm' } = options.more;
if (backend !== 'wasm' && backend !== 'node') throw new Error(`--backend is ${backend}; there are wasm and node`);
const models = options.quick ? QUICK : FULL;
const known = recordedRows(NAME, options);
const elsewhere = recordedRows('quantized-models', options);
/** @type {Record<string, string>} */
const absent = {};
/** @type {Record<string, any>[]} */
const results = [];

/** @param {number} found @param {number} [of] */
const over = (found, of) => (of === undefined ? undefined : round(found / of, 4));

for (const [name, { model, ways, batches, learn }] of Object.entries(models)) {
  for (const way of ways) {
    const engine = `${name}, ${way}`;
    if (options.wants(engine)) {
      const { storage = 'nf4-int8', fitted, trained, block, cloq = false, ...other } = WAYS[way] ?? {};
      const { chapters, batchSize, length } = learn;
      const on = { batches: batches[cloq ? 'products' : (fitted ?? 'squares')], chapters, batchSize, length };
      const how = fitted ? { fitted: { ...on, to: fitted, trained, cloq, block } } : { storage };
      const spec = peftjs('learn', backend, { model, threads: 2, ...how }, `, ${engine}`);
      const { engines, absent: missing } = await startEngines([spec]);
      if (engines[0] === undefined) absent[engine] = String(missing[spec.name]);
      else {
        const { before, started, along, after } = await engines[0].ask('learn', { ...learn, ...other });
        await engines[0].close();
        const rounded = Object.entries(along).map(([step, found]) => [step, round(Number(found), 5)]);
        known.set(engine, {
          ...{ engine, perplexity: round(before, 5), ...(cloq && { started: round(started, 5) }) },
          ...(rounded.length > 0 && { along: Object.fromEntries(rounded) }),
          adapted: round(after, 5),
        });
        console.error(JSON.stringify(known.get(engine)));
      }
    }
    const row = known.get(engine);
    const float32 = known.get(`${name}, float32`) ?? elsewhere.get(`${model} in f32`);
    const ratios = Object.entries(row?.along ?? {}).map(([step, found]) => [step, over(found, float32?.along?.[step])]);
    if (row) {
      results.push({
        ...row,
        ...(ratios.length > 0 && { alongRatio: Object.fromEntries(ratios) }),
        ...(float32 && { adaptedRatio: over(row.adapted, float32.adapted) }),
      });
    }
  }
}

printTable(
  ['', 'perplexity', 'LoRA starts at', 'LoRA', 'x LoRA over float32', 'on the way'],
  results.map((r) => [
    ...[r.engine, r.perplexity, r.started, r.adapted, r.adaptedRatio],
    Object.values(r.alongRatio ?? {}).join(' '),
  ]),
);
printAbsent(absent);
await report(NAME, QUESTION, options, { workload: models, results, absent });
