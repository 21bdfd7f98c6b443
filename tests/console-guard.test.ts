import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Assertion {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** Runs the fixtures, which print, in a vitest of their own. */
function runFixtures(): ReadonlyMap<
  string,
  { readonly status: string; readonly message: string; readonly tests: readonly Assertion[] }
> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const config = join(import.meta.dirname, 'fixtures/console/vitest.config.ts');
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--config', config, '--reporter=json'], {
    encoding: 'utf8',
    env: { ...process.env, VITEST: undefined, NODE_ENV: undefined },
  });
  if (!stdout.includes('{')) throw new Error(`no report: ${stderr}`);
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{')));
  return new Map(
    testResults.map((file: { name: string; status: string; message: string; assertionResults: Assertion[] }) => [
      file.name.split('/').at(-1)?.split('.')[0],
      { status: file.status, message: file.message, tests: file.assertionResults },
    ]),
  );
}

test('a test that prints fails and says what was printed; a silent one passes', () => {
  const files = runFixtures();
  const prints = files.get('prints')?.tests ?? [];
  expect(prints.map(({ title, status }) => [title, status])).toEqual([
    ['silent', 'passed'],
    ['console.log', 'failed'],
    ['console.warn after a wait', 'failed'],
    ['stdout', 'failed'],
    ['stderr', 'failed'],
    ['caught by the test itself', 'passed'],
  ]);
  expect(prints[1]?.failureMessages[0]).toContain('console.log: one');
  expect(prints[4]?.failureMessages[0]).toContain('stderr: four');
  expect(files.get('prints-on-import')?.tests[0]?.failureMessages[0]).toContain('console.info: on import');
});
