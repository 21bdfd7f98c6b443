// @ts-check
// The results in benchmarks/results as tables, for the documentation and the README.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../benchmarks/results');

/**
 * @typedef {object} BenchmarkTable
 * @property {string} name of the benchmark
 * @property {string} question it answers
 * @property {readonly string[]} head
 * @property {readonly (readonly string[])[]} rows the first cell names who was measured
 * @property {string} about when and on what it was measured
 * @property {string} command that measures it
 *
 * @typedef {Record<string, unknown>} Row
 */

/** What columns are called and how their numbers are written; fields that are not here are not shown. */
const COLUMNS = /** @type {const} */ ([
  ['engine', '', String],
  ['name', '', String],
  ['gzipped', 'gzipped bytes', String],
  ['minified', 'minified bytes', String],
  ['medianMs', 'median ms', figures],
  ['leastMs', 'least ms', figures],
  ['ratio', 'x reference', figures],
  ['tokensPerSecond', 'tokens/s', figures],
  ['firstStepMs', 'first ms', figures],
  ['tokenMs', 'ms a token', figures],
  ['tokenRatio', 'x reference', figures],
  ['loadMs', 'load ms', figures],
  ['heldBytes', 'held MB', megabytes],
  ['bytesPerNumber', 'bytes a number', figures],
  ['weightError', 'error of the numbers', figures],
  ['perplexity', 'perplexity', String],
  ['perplexityRatio', 'x float32', String],
  ['perplexityOfTuned', "x the fine-tune's", String],
  ['started', 'LoRA starts at', String],
  ['adapted', 'with LoRA', String],
  ['adaptedRatio', 'x float32', String],
  ['alongRatio', 'x float32 on the way', (/** @type {unknown} */ found) => Object.values(Object(found)).join(' ')],
  ['merged', 'merged', String],
  ['mergeChange', 'outputs change by', String],
  ['mergeRefused', 'merge', (/** @type {unknown} */ refused) => (refused ? 'refused' : 'taken')],
  ['stateBytes', 'state MB', megabytes],
  ['stateBytesPerNumber', 'bytes a number', figures],
  ['heldOutLoss', 'held-out loss', String],
  ['float32', 'perplexity, float32', String],
  ['rounded', 'rounded afterwards', String],
  ['trainedRounded', 'trained over rounded', String],
  ['recovered', 'recovered', figures],
  ['deltaBytes', 'MB', megabytes],
  ['share', 'share of the model', figures],
  ['ofGzip', 'of gzip', figures],
  ['reversibleBytes', 'MB, undone too', megabytes],
  ['leastEnergy', 'energy kept, at least', String],
  ['logitsError', 'error of the logits', figures],
  ['diffMs', 'diff ms', figures],
  ['diffBytesPerSecond', 'diff MB/s', megabytes],
  ['diffOfCopy', 'of a copy', figures],
  ['reversibleOfCopy', 'of a copy, undone too', figures],
  ['diffCores', 'cores', figures],
  ['applyMs', 'apply ms', figures],
  ['applyBytesPerSecond', 'apply MB/s', megabytes],
  ['applyOfCopy', 'of a copy', figures],
  ['applyCores', 'cores', figures],
  ['diffAddedBytes', 'diff adds RSS MB', megabytes],
  ['applyAddedBytes', 'apply adds RSS MB', megabytes],
  ['dispatches', 'dispatches', String],
  ['submits', 'submits', String],
  ['pipelines', 'pipelines', String],
  ['uploadBytes', 'uploaded bytes', String],
  ['readBytes', 'bytes read', String],
  ['boundBytes', 'MB bound', megabytes],
  ['kernels', 'kernels', figures],
  ['peakBytes', 'peak tensors MB', megabytes],
  ['peakResidentBytes', 'peak RSS MB', megabytes],
]);

/** @param {unknown} value three significant digits */
function figures(value) {
  const n = Number(value);
  return n >= 100 ? n.toFixed(0) : String(Number(n.toPrecision(3)));
}

/** @param {unknown} value */
function megabytes(value) {
  return figures(Number(value) / 1e6);
}

/** Every result, by name. */
export function benchmarkTables() {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => tableOf(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
}

/** @param {Row & { results?: Row[] }} result @returns {BenchmarkTable} */
function tableOf({ benchmark, question, command, date, rounds, machine, results = [] }) {
  const { processor, cores, node } = /** @type {{ processor?: { model?: string }, cores?: number, node?: string }} */ (
    machine ?? {}
  );
  const present = (/** @type {unknown} */ value) => value !== null && value !== undefined;
  const columns = COLUMNS.filter(([key]) => results.some((row) => present(row[key])));
  return {
    name: String(benchmark),
    question: String(question),
    head: columns.map(([, title]) => title),
    rows: results.map((row) => columns.map(([key, , write]) => (present(row[key]) ? write(row[key]) : '–'))),
    about: [date, `${rounds} rounds`, processor?.model, cores && `${cores} cores`, node && `Node ${node}`]
      .filter(Boolean)
      .join(', '),
    command: String(command ?? `node benchmarks/${benchmark}.mjs`),
  };
}
