// @ts-check
// Where results go: a file of JSON and a table on the terminal.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMachine } from './machine.mjs';

/**
 * Writes `<out>/<name>.json`.
 * @param {string} name of the benchmark
 * @param {string} question it answers
 * @param {import('./options.mjs').Options} options
 * @param {object} result
 */
export async function report(name, question, options, result) {
  const { quick, rounds, out } = options;
  const date = new Date().toISOString().slice(0, 10);
  const whole = { benchmark: name, question, date, quick, rounds, machine: describeMachine(), ...result };
  if (out === null) return;
  await mkdir(out, { recursive: true });
  await writeFile(join(out, `${name}.json`), `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * Prints rows, numbers to the right.
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number | null | undefined)[])[]} rows
 */
export function printTable(head, rows) {
  const cells = [head, ...rows.map((row) => row.map((cell) => (cell == null ? '-' : String(cell))))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  for (const row of cells) {
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    );
  }
}

/** @param {Readonly<Record<string, string>>} absent engines that are not installed, with the reason */
export function printAbsent(absent) {
  for (const [name, reason] of Object.entries(absent)) console.log(`- skipped: ${name}: ${reason}`);
}

/** @param {number | null | undefined} bytes */
export const megabytes = (bytes) => (bytes == null ? null : Number((bytes / 1e6).toFixed(1)));
