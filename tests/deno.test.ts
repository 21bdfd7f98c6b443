// The packages in Deno, from their sources: the same training code, on wasm and, where Deno finds an adapter, on WebGPU.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const program = 'tests/fixtures/train-anywhere.mjs';
const DENO = ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual', '--conditions=peftjs-source'];
const NODE = ['--conditions=peftjs-source', '--import', join(root, 'tests/fixtures/from-sources.mjs')];

interface Found {
  readonly backend: string;
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  readonly losses: readonly number[];
}

function run(command: string, ...args: readonly string[]): Found {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? ''}${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** Its path where `npm test` has found one; in CI one must be there. */
const deno = process.env.PEFTJS_DENO || (process.env.CI ? 'deno' : undefined);

it.runIf(deno).each([['wasm'], ['webgpu', 'wasm']])('trains in Deno as in Node, on %s', (...names) => {
  const found = run(deno as string, ...DENO, program, ...names);
  const expected = run(process.execPath, ...NODE, program, 'wasm');
  // Where there is no adapter, the reason is said and the next backend taken.
  expect([found.backend, ...found.rejected.map(({ name }) => name)]).toContain(names[0]);
  expect(found.losses).toHaveLength(3);
  expect(relativeError(found.losses, expected.losses)).toBeLessThanOrEqual(TOLERANCES.losses);
});
