import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const packages = join(import.meta.dirname, '../packages');
const probe = join(import.meta.dirname, 'fixtures/import-effects.mjs');
const nothing = { backends: [], kernels: [], gradients: [], started: [], printed: '' };

/** What importing `file` does in a fresh process. */
function effectsOf(file: string): unknown {
  const done = spawnSync(process.execPath, ['--conditions=peftjs-source', probe, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (done.status !== 0) throw new Error(`importing ${file} failed:\n${done.stderr}`);
  return { ...JSON.parse(String(done.output[3])), printed: done.stdout + done.stderr };
}

test.for(readdirSync(packages))('importing %s registers nothing, prints nothing, starts nothing', (name) => {
  expect(effectsOf(join(packages, name, 'src/index.ts'))).toEqual(nothing);
});

test('an import with effects is found', () => {
  expect(effectsOf(join(packages, '../tests/fixtures/import-with-effects.ts'))).toEqual({
    backends: ['loud'],
    kernels: ['loud_Add'],
    gradients: ['Add'],
    started: ['Timeout'],
    printed: 'hello\n',
  });
});
