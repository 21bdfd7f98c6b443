// @ts-check
// What brings LoRA over nf4 nearer to LoRA over float32: scales fitted to text, codes whose errors make up for each other, smaller
// blocks, a higher rank? Perplexity of a novel before LoRA and after, the layers in nf4 with double quantization, embeddings and output in int8, beside what
// `quantized-models` has recorded of float32 and of nf4 as it is. A process for each row; nothing is timed. `--engines` measures
// some rows and keeps what is recorded of the others.
import { peftjs } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { recordedRows } from './harness/recorded-rows.mjs';
import { printAbsent, printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';

const NAME = 'nearer-float32';
const QUESTION = 'What brings LoRA over nf4 nearer to LoRA over float32?';

/** Batches of what is learned that scales are fitted to, and that products of inputs are measured on, which takes more. */
const FITTED = { squares: 32, products: 128 };
/** @type {Readonly<Record<string, { storage?: string, rank?: number, fitted?: keyof typeof FITTED, block?: number }>>} */
const WAYS = {
  'blocks of 32': { storage: 'nf4-32-int8' },
  'rank 32': { rank: 32 },
  'fitted to text': { fitted: 'squares' },
  'fitted to text, rank 32': { fitted: 'squares', rank: 32 },
  'fitted to text in blocks of 32': { fitted: 'squares', block: 32 },
  'errors made up for': { fitted: 'products' },
};

const LORA = { rank: 8, learningRate: 1e-3, merges: false };
/** As in `quantized-models`. @type {Readonly<Record<string, Record<string, any>>>} */
const FULL = {
  'sotu-3m': { ...LORA, chapters: { learned: 121, heldOut: 6 }, batchSize: 4, length: 128, steps: 100 },
  'SmolLM2-135M': { ...LORA, chapters: { learned: 121, heldOut: 1 }, batchSize: 2, length: 64, steps: 40 },
};
const QUICK = { 'sotu-3m': { ...LORA, chapters: { learned: 1, heldOut: 1 }, batchSize: 4, length: 128, steps: 2 } };

const options = readOptions({ rounds: 1 });
const models = options.quick ? QUICK : FULL;
const ways = Object.entries(WAYS).filter(([name]) => !options.quick || name === 'errors made up for');
const known = recordedRows(NAME, options);
const float32 = recordedRows('quantized-models', options);
/** @type {Record<string, string>} */
const absent = {};
/** @type {Record<string, any>[]} */
const results = [];

for (const [model, learn] of Object.entries(models)) {
  const { adapted } = float32.get(`${model} in f32`) ?? {};
  for (const [way, { storage = 'nf4-int8', fitted, block, ...other }] of ways) {
    const name = `${model}, ${way}`;
    if (options.wants(name)) {
      const { chapters, batchSize, length } = learn;
      const fit = fitted
        ? {
            fitted: {
              ...{ batches: options.quick ? 1 : FITTED[fitted], products: fitted === 'products' },
              ...{ chapters, batchSize, length, block },
            },
          }
        : { storage };
      const spec = peftjs('learn', 'wasm', { model, threads: 2, ...fit }, `, ${name}`);
      const { engines, absent: missing } = await startEngines([spec]);
      if (engines[0] === undefined) absent[name] = String(missing[spec.name]);
      else {
        const { before, after } = await engines[0].ask('learn', { ...learn, ...other });
        await engines[0].close();
        known.set(name, { engine: name, perplexity: round(before, 5), adapted: round(after, 5) });
        console.error(JSON.stringify(known.get(name)));
      }
    }
    const row = known.get(name);
    if (row) results.push({ ...row, ...(adapted && { adaptedRatio: round(row.adapted / adapted, 4) }) });
  }
}

printTable(
  ['', 'perplexity', 'LoRA', 'x LoRA over float32'],
  results.map((r) => [r.engine, r.perplexity, r.adapted, r.adaptedRatio]),
);
printAbsent(absent);
await report(NAME, QUESTION, options, { workload: models, fitted: FITTED, results, absent });
