// @ts-check
// What came of a recipe: shown in the terminal, and kept as JSON for the page that shows it.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/**
 * @typedef {object} Report
 * @property {string} name
 * @property {string | null} out where the record goes, null for nowhere
 * @property {string} backend
 * @property {object} options
 * @property {object} result the figures, for tests
 * @property {readonly (readonly [name: string, value: string])[]} facts
 * @property {{ readonly head: readonly string[], readonly rows: readonly (readonly string[])[] }} table
 * @property {string} text
 */

/** @param {Report} report */
export function report({ name, out, backend, options, result, facts, table, text }) {
  const rows = [table.head, ...table.rows];
  const widths = table.head.map((_, i) => Math.max(...rows.map((row) => /** @type {string} */ (row[i]).length)));
  const line = (/** @type {readonly string[]} */ row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  console.log(`\n${facts.map(([fact, value]) => `${fact}: ${value}`).join('\n')}\n`);
  console.log(`${rows.map(line).join('\n')}\n\n${text}`);
  if (out === null) return;
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    backend,
  };
  writeFileSync(out, `${JSON.stringify({ name, about, options, facts, table, text, result }, null, 2)}\n`);
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {number} n */
export function bytes(n) {
  if (n === 0) return '';
  return n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`;
}
