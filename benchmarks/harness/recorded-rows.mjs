// @ts-check
// Rows that an earlier run has recorded, by the name of their engine: what is measured in parts keeps the others.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} name of the benchmark
 * @param {import('./options.mjs').Options} options
 * @returns {Map<string, Record<string, any>>}
 */
export function recordedRows(name, { quick, out }) {
  const file = join(String(out), `${name}.json`);
  if (quick || !existsSync(file)) return new Map();
  const { results } = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(results.map((/** @type {Record<string, any>} */ row) => [row.engine, row]));
}
