// @ts-check
// Writes the first tables of benchmarks/results into README.md, between its two markers; the documentation has all.
// Run: node scripts/readme-numbers.mjs [--check]     --check: writes nothing and fails where README.md says otherwise
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchmarkTables } from './benchmark-tables.mjs';

const file = join(import.meta.dirname, '../README.md');
/** What the README shows, in this order. */
const SHOWN = ['lora-step', 'generate-smollm2', 'size'];
const PLACE = /(<!-- numbers: .*? -->\n).*?(<!-- end of numbers -->)/s;

/** @param {import('./benchmark-tables.mjs').BenchmarkTable} table */
function markdown({ question, head, rows, about, command }) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [question, '', line(head), line(rule), ...rows.map(line), '', `${about}. \`${command}\``, ''].join('\n');
}

const found = benchmarkTables().filter(({ rows }) => rows.length > 0);
const tables = SHOWN.flatMap((name) => found.filter((table) => table.name === name));
const none = 'No benchmark has been recorded yet; `node benchmarks/lora-step.mjs` makes the first.\n';
const text = tables.length === 0 ? none : tables.map(markdown).join('\n');
const before = readFileSync(file, 'utf8');
if (!PLACE.test(before))
  throw new Error('README.md has lost its markers: <!-- numbers: … --> and <!-- end of numbers -->');
const after = before.replace(PLACE, (_, start, end) => `${start}\n${text}\n${end}`);

if (!process.argv.includes('--check')) writeFileSync(file, after);
else if (after !== before) {
  console.error('README.md and benchmarks/results say different things; run: node scripts/readme-numbers.mjs');
  process.exitCode = 1;
}
