import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const packages = join(import.meta.dirname, '../packages');
const probe = join(import.meta.dirname, 'fixtures/import-effects.mjs');
const nothing = { backends: [], kernels: [], gradients: [], started: [] };

/** What importing each of the files does, one after the other in a fresh process, and what all of them print. */
function effectsOf(files: readonly string[]): { readonly effects: readonly unknown[]; readonly printed: string } {
  const done = spawnSync(process.execPath, ['--conditions=peftjs-source', probe, ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (done.status !== 0) throw new Error(`importing ${files.join(', ')} failed:\n${done.stderr}`);
  return { effects: JSON.parse(String(done.output[3])), printed: done.stdout + done.stderr };
}

const names = readdirSync(packages);
const found = effectsOf(names.map((name) => join(packages, name, 'src/index.ts')));

test.for(names.map((name, i) => [name, i] as const))(
  'importing %s registers nothing, prints nothing, starts nothing',
  ([, i]) => {
    expect({ effects: found.effects[i], printed: found.printed }).toEqual({ effects: nothing, printed: '' });
  },
);

test('an import with effects is found', () => {
  const harmless = join(packages, 'core/src/index.ts');
  const loud = { backends: ['loud'], kernels: ['loud_Add'], gradients: ['Add'], started: ['Timeout'] };
  expect(effectsOf([harmless, join(import.meta.dirname, 'fixtures/import-with-effects.ts')])).toEqual({
    effects: [nothing, loud],
    printed: 'hello\n',
  });
});
