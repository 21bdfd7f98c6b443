// @ts-check
// What an earlier run has recorded: what is measured in parts keeps the rest.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The whole record, `results` empty where there is none.
 * @param {string} name of the benchmark
 * @param {import('./options.mjs').Options} options
 * @returns {{ results: Record<string, any>[], [more: string]: unknown }}
 */
function recorded(name, { quick, out }) {
  const file = join(String(out), `${name}.json`);
  return quick || !existsSync(file) ? { results: [] } : JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * The record, with what is measured anew of the rows that are wanted.
 * @param {string} name of the benchmark
 * @param {import('./options.mjs').Options} options
 * @template {{ readonly name: string }} Spec
 * @param {readonly Spec[]} specs of all rows that can be measured, by the names of their engines
 * @param {(spec: Spec) => Promise<Record<string, any>>} measure
 */
export async function measuredAgain(name, options, specs, measure) {
  const record = recorded(name, options);
  const rows = new Map(record.results.map((row) => [row.engine, row]));
  for (const spec of specs.filter(({ name }) => options.wants(name)))
    rows.set(spec.name, { engine: spec.name, ...rows.get(spec.name), ...(await measure(spec)) });
  return { ...record, results: [...rows.values()] };
}

/**
 * Its rows by the names of their engines.
 * @param {string} name of the benchmark
 * @param {import('./options.mjs').Options} options
 * @returns {Map<string, Record<string, any>>}
 */
export function recordedRows(name, options) {
  return new Map(recorded(name, options).results.map((row) => [row.engine, row]));
}
