// @ts-check
// Checks the documentation: every sample of every page and README is compiled and run on the built packages, what is
// generated is up to date, and the site builds without a dead link. The last line is `N passed, N failed`.
// Run: node docs/scripts/test.mjs [--models FOLDER] [--built] [--no-site]     --built: the packages are, do not build them
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { checkSamples } from './check-samples.mjs';
import { docs, pages, root } from './pages.mjs';
import { samplesOf } from './samples.mjs';
import { createTurns } from './turns.mjs';

const { values } = parseArgs({
  options: { models: { type: 'string' }, built: { type: 'boolean' }, 'no-site': { type: 'boolean' } },
});
const count = { passed: 0, failed: 0 };
const node = process.execPath;
const inTurn = createTurns();

const places = {
  root,
  folder: join(docs, 'node_modules/.cache/samples'),
  models: resolve(values.models ?? join(root, 'models')),
  data: join(docs, 'data'),
};

/** @param {string} name @param {string | null} fault what is wrong, or null */
function note(name, fault) {
  count[fault === null ? 'passed' : 'failed'] += 1;
  if (fault !== null) console.log(`✗ ${name}\n${fault.trimEnd().replace(/^/gm, '  ')}`);
  return fault === null;
}

/** @param {string} name @param {string} cwd @param {...string} args of Node */
async function step(name, cwd, ...args) {
  const run = () => promisify(execFile)(node, args, { cwd, maxBuffer: Number.POSITIVE_INFINITY });
  const fault = await inTurn(run).then(
    () => null,
    ({ message, stdout }) => `${message}${stdout}`,
  );
  return note(name, fault);
}

/** The checks can fail: one sample of a page that must fail does, and the one before it does not. */
async function selfCheck() {
  const page = (/** @type {string} */ bad) => [
    samplesOf('x.md', `\`\`\`ts\nconst n = 1;\n\`\`\`\n\`\`\`ts\n${bad}\n\`\`\`\n`),
  ];
  /** @type {readonly (readonly [string, string, readonly boolean[]])[]} */
  const cases = [
    ['a sample that does not compile is found', 'const s: string = n;', [true, false, false, false]],
    ['a sample that fails is found', 'if (n > 0) throw new Error("no");', [true, true, true, false]],
  ];
  for (const [name, bad, expected] of cases) {
    const found = [];
    for await (const { fault } of checkSamples(page(bad), places)) found.push(fault === null);
    note(name, found.join() === expected.join() ? null : `found ${found}, expected ${expected}`);
  }
}

if (values.built || (await step('packages: build', root, 'scripts/build.mjs'))) {
  // The longest first. What is left of the samples takes the place of each that has ended.
  const steps = [
    values['no-site'] || step('site builds, no dead links', docs, 'node_modules/vitepress/bin/vitepress.js', 'build'),
    step('types of the site and its scripts', docs, 'node_modules/typescript/bin/tsc', '-p', '.'),
    step('command line reference is up to date', docs, 'scripts/write-cli-reference.mjs', '--check'),
    step('quickstart record is there', docs, 'scripts/record-quickstart.mjs', '--check'),
    step("README's numbers are those of the benchmarks", root, 'scripts/readme-numbers.mjs', '--check'),
  ];
  await selfCheck();
  const samples = pages().map(({ file, markdown }) => samplesOf(file, markdown));
  for await (const { name, fault } of checkSamples(samples, places, inTurn)) note(name, fault);
  await Promise.all(steps);
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed > 0 ? 1 : 0;
