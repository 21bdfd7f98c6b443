// @ts-check
// Runs benchmarks, those named or all of them in order, one after the other, over freshly built packages. Refuses where
// the machine is not quiet. Run: node benchmarks/run.mjs [NAME ...] [--rounds N] [--quick] [--out FOLDER] [--force]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { disturbance } from './harness/machine.mjs';

/** Each with its arguments. */
const ALL = [
  ['size'],
  ['lora-step'],
  ['backward'],
  ['generate'],
  ['generate', '--shape', 'smollm2'],
  ['smollm2-step'],
  ['storages'],
  ['quantized-models'],
  ['rounded-kinds'],
  ['nearer-float32'],
  ['qat'],
  ['optimizer-state'],
  ['routing'],
  ['hot-swap'],
  ['hot-swap', '--shape', 'smollm2'],
  ['delta'],
  ['delta', '--shape', 'smollm2'],
  ['switch-delta'],
  ['switch-delta', '--shape', 'smollm2', '--rounds', '1'],
  ['webgpu-step'],
  ['profile-step'],
];

const given = process.argv.slice(2);
const flags = given.findIndex((arg) => arg.startsWith('-'));
const names = flags === -1 ? given : given.slice(0, flags);
const rest = flags === -1 ? [] : given.slice(flags).filter((arg) => arg !== '--force');
const force = given.includes('--force') || given.includes('--quick');
const unknown = names.find((name) => !ALL.some(([known]) => known === name));

/** @param {readonly string[]} args */
function node(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (unknown !== undefined) {
  console.error(`no benchmark "${unknown}"; there are ${[...new Set(ALL.map(([name]) => name))].join(', ')}`);
  process.exit(2);
}
const before = disturbance();
if (before !== null && !force) {
  console.error(`${before}; what would be measured is them. Wait, or measure all the same with --force`);
  process.exit(1);
}
node(join(import.meta.dirname, '../scripts/build.mjs'));
for (const [name = '', ...args] of ALL) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n== ${[name, ...args].join(' ')}`);
  node(join(import.meta.dirname, `${name}.mjs`), ...args, ...rest);
}
if (before !== null) console.error(`\nWARNING: when this began, ${before}; do not keep these figures`);
