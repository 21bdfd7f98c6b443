// Files of tests share a process (`isolate: false` in vitest.config.ts): a hook that a helper sets up while it is imported would
// hold for the first file that imports it and no other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
/** A call at the outermost level, which no function encloses. */
const AT_IMPORT = /^(?:(?:before|after)(?:Each|All)|leakGuard)\(/m;

test('no helper sets up hooks while it is imported', () => {
  const inPackages = readdirSync(join(root, 'packages')).flatMap((name) => [
    ...below(`packages/${name}/src`),
    ...below(`packages/${name}/test`),
  ]);
  const helpers = [...inPackages, ...below('tests')].filter((file) => /(?<!\.test)\.ts$/.test(file));
  expect(helpers.length).toBeGreaterThan(100);
  const found = helpers.filter((file) => AT_IMPORT.test(readFileSync(join(root, file), 'utf8')));
  // A set-up file runs for each file of tests anew.
  expect(found).toEqual(['tests/console-guard.ts']);
});

/** The files below a folder of the repository; none where it is not there. */
function below(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
  } catch {
    return [];
  }
}
