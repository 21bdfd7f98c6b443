// @ts-check
// The command line that every benchmark understands.
import { parseArgs } from 'node:util';

const COMMON = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  engines: { type: 'string', multiple: true },
  out: { type: 'string' },
});

/**
 * @typedef {object} Options
 * @property {boolean} quick tiny shapes and one round: shows that the benchmark runs, not how fast anything is
 * @property {number} rounds
 * @property {string | null} out folder for the result; null: nothing is written
 * @property {(name: string) => boolean} wants whether an engine was asked for, by a part of its name
 * @property {string | undefined} only the part that is measured; the others stay as they are recorded
 * @property {Record<string, string | undefined>} more options of this benchmark's own
 */

/**
 * Reads `--quick`, `--rounds N`, `--engines PART`, which may be repeated, `--out FOLDER` and a benchmark's own options.
 * @param {{ rounds: number, own?: readonly string[], parts?: readonly string[] }} defaults `own`: names of further options, each
 *   with a value; `parts`: what `--only` takes
 * @returns {Options}
 */
export function readOptions({ rounds, own = [], parts = [] }) {
  const further = parts.length > 0 ? [...own, 'only'] : own;
  const extra = Object.fromEntries(further.map((name) => [name, { type: /** @type {const} */ ('string') }]));
  const { values } = parseArgs({ options: { ...COMMON, ...extra } });
  const named = /** @type {Record<string, string | undefined>} */ (/** @type {unknown} */ (values));
  const quick = values.quick === true;
  const count = Number(named.rounds ?? (quick ? 1 : rounds));
  if (!(Number.isInteger(count) && count > 0))
    throw new Error(`--rounds is ${named.rounds}; give a whole number above 0`);
  const { only } = named;
  if (only !== undefined && !parts.includes(only)) throw new Error(`--only is ${only}; there is ${parts.join(', ')}`);
  const wanted = values.engines;
  return {
    quick,
    rounds: count,
    out: named.out ?? (quick ? null : new URL('../results', import.meta.url).pathname),
    wants: (name) => wanted === undefined || wanted.some((part) => name.includes(part)),
    only,
    more: Object.fromEntries(own.map((name) => [name, named[name]])),
  };
}
