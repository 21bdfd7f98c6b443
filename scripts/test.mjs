// @ts-check
// `npm test`: sets the repository up and runs every check there is, on a machine with only Node and npm. Each step that is
// not vitest counts as one test. The last line is `N passed, N failed, N skipped`; the exit code is 1 if anything failed.
// CI=true makes a missing optional part (see optional-parts.mjs) a failure.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOptionalParts } from './optional-parts.mjs';
import { install, node, run, tool } from './run.mjs';
import { readVitestReport } from './vitest-report.mjs';

const inCI = process.env.CI === 'true';
const count = { passed: 0, failed: 0, skipped: 0 };

/** @type {(mark: string, name: string, seconds: number, more?: string) => void} */
function say(mark, name, seconds, more = '') {
  console.log(`${mark} ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s  ${more}`.trimEnd());
}

/**
 * Runs one command as one test.
 * @param {string} name
 * @param {import('./run.mjs').Command} command
 */
async function step(name, command) {
  if (process.stdout.isTTY) process.stdout.write(`… ${name}\r`);
  const { code, output, seconds } = await run(command);
  const passed = code === 0;
  count[passed ? 'passed' : 'failed'] += 1;
  say(passed ? '✓' : '✗', name, seconds);
  if (!passed) console.log(`${output.trimEnd()}\n`);
  return passed;
}

/** Looks for the optional parts and tells the tests, by the environment, which there are. */
async function optionalParts() {
  for (const { name, variable, value, reason } of await findOptionalParts()) {
    if (value === null) {
      delete process.env[variable];
      count[inCI ? 'failed' : 'skipped'] += 1;
      console.log(`${inCI ? '✗ missing' : '- skipped'}: ${name}: ${reason}`);
    } else {
      process.env[variable] = value;
      count.passed += 1;
      console.log(`✓ ${name}: ${reason}`);
    }
  }
}

async function vitest() {
  if (process.stdout.isTTY) process.stdout.write('… vitest\r');
  const folder = mkdtempSync(join(tmpdir(), 'peftjs-vitest-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${file}`];
    const { code, output, seconds } = await run(tool('vitest', 'run', '--no-color', ...reporters));
    const { passed, failed, skipped, skips, figures } = readVitestReport(file);
    const failures = code === 0 ? failed : Math.max(failed, 1);
    count.passed += passed;
    count.failed += failures;
    count.skipped += skipped;
    say(failures === 0 ? '✓' : '✗', 'vitest', seconds, `${passed} passed, ${failures} failed, ${skipped} skipped`);
    if (failures > 0) console.log(`${output.trimEnd()}\n`);
    for (const figure of figures) console.log(`  ${figure}`);
    for (const line of tally(skips.map((name) => name.slice(0, 120)))) console.log(`  - skipped: ${line}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Each line once, with how often it came.
 * @param {string[]} lines
 */
function tally(lines) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1);
  return [...times].map(([line, n]) => (n === 1 ? line : `${line}… (${n} tests)`));
}

/** The documentation counts its own checks; its last line is `N passed, N failed`. */
async function docs() {
  if (process.stdout.isTTY) process.stdout.write('… docs\r');
  const { code, output, seconds } = await run(node('docs/scripts/test.mjs', '--built'));
  const [, passed = '0', failed = '0'] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  const failures = code === 0 ? Number(failed) : Math.max(Number(failed), 1);
  count.passed += Number(passed);
  count.failed += failures;
  say(failures === 0 ? '✓' : '✗', 'docs', seconds, `${passed} passed, ${failures} failed`);
  if (failures > 0) console.log(`${output.trimEnd()}\n`);
}

async function main() {
  if (!(await step('install', install()))) return;
  await optionalParts();
  await step('format and lint', tool('biome', 'ci', '--error-on-warnings', '--colors=off', '.'));
  await step('types', tool('tsc', '-b', '--pretty', 'false'));
  const built = await step('build', node('scripts/build.mjs'));
  await vitest();
  await step('unused code', tool('knip', '--no-progress', '--no-config-hints'));
  // Most of the time that the docs take, their site is being built, on one core.
  if (built) await Promise.all([docs(), step('packed packages', node('scripts/check-packages.mjs'))]);
}

await main();
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;
