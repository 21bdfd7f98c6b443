// @ts-check
// Checks the documentation: every sample of every page and README is compiled and run on the built packages, what is
// generated is up to date, and the site builds without a dead link. The last line is `N passed, N failed`.
// Run: node docs/scripts/test.mjs [--models FOLDER] [--built] [--no-site]     --built: the packages are, do not build them
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkSamples } from './check-samples.mjs';
import { docs, pages, root } from './pages.mjs';
import { samplesOf } from './samples.mjs';

const { values } = parseArgs({
  options: { models: { type: 'string' }, built: { type: 'boolean' }, 'no-site': { type: 'boolean' } },
});
const count = { passed: 0, failed: 0 };
const node = process.execPath;

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

/** @param {string} name @param {string} command @param {readonly string[]} args @param {string} cwd */
function step(name, command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return note(name, status === 0 ? null : `${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
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

if (values.built || step('packages: build', node, ['scripts/build.mjs'], root)) {
  step('types of the site and its scripts', node, ['node_modules/typescript/bin/tsc', '-p', '.'], docs);
  await selfCheck();
  const samples = pages().map(({ file, markdown }) => samplesOf(file, markdown));
  for await (const { name, fault } of checkSamples(samples, places)) note(name, fault);
  step('command line reference is up to date', node, ['scripts/write-cli-reference.mjs', '--check'], docs);
  step('quickstart record is there', node, ['scripts/record-quickstart.mjs', '--check'], docs);
  step("README's numbers are those of the benchmarks", node, ['scripts/readme-numbers.mjs', '--check'], root);
  if (!values['no-site'])
    step('site builds, no dead links', node, ['node_modules/vitepress/bin/vitepress.js', 'build'], docs);
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed > 0 ? 1 : 0;
