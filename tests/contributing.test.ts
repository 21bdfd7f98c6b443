import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'node_modules/.cache/contributing');
const samples = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];

/** What tsc says of these files, one line each. */
function typeErrors(sources: readonly string[]): readonly string[] {
  const files = sources.map((source, i) => {
    writeFileSync(join(folder, `sample-${i}.ts`), source);
    return `sample-${i}.ts`;
  });
  const compilerOptions = { noEmit: true, composite: false, incremental: false, rootDir: root };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions, files }),
  );
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line.includes('sample-'));
}

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the samples of CONTRIBUTING.md compile', () => {
  expect(samples.length).toBeGreaterThan(0);
  expect(typeErrors(samples.map(([, source = '']) => source))).toEqual([]);
});

test('a sample that no longer fits the contracts is found', () => {
  const stale = `import type { Method } from '@peftjs/core';\nexport const m: Method = { type: 'IA3' };\n`;
  expect(typeErrors([stale])).toHaveLength(1);
});
