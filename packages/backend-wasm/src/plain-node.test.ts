// The backend in a process of its own, as a user starts it: it says nothing, and the process ends by itself.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
/** Inside the package, so that Node finds tfjs from here. */
let folder = '';

const PROGRAM = `
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { matMul, ones } from '@tensorflow/tfjs-core';
const threads = Number(process.argv[2]);
const before = ['uncaughtException', 'unhandledRejection'].map((e) => process.listenerCount(e));
const started = await useBackend(wasm(threads ? { threads } : {}));
const product = matMul(ones([300, 300]), ones([300, 300]));
const after = ['uncaughtException', 'unhandledRejection'].map((e) => process.listenerCount(e));
const { stdout } = process;
stdout.write(JSON.stringify({
  threads: started.threads, first: product.dataSync()[0], worker: typeof globalThis.Worker, listeners: after.join() === before.join(),
}));
`;

const IN_WORKER = `
import { Worker } from 'node:worker_threads';
new Worker(new URL('./program.mjs', import.meta.url), { argv: process.argv.slice(2) });
`;

beforeAll(async () => {
  folder = mkdtempSync(join(root, 'node_modules', '.plain-node-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['peftjs-source'],
    external: ['@tensorflow/*'],
    alias: { '@peftjs/backend-wasm': join(root, 'src/index.ts') },
    outfile: join(folder, 'program.mjs'),
  });
  writeFileSync(join(folder, 'in-worker.mjs'), IN_WORKER);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('in plain Node', () => {
  it.each([
    ['program.mjs', 1],
    ['program.mjs', 2],
    ['program.mjs', 5],
    ['in-worker.mjs', 2],
  ])('%s with %i threads starts, computes, says nothing and ends', async (file, threads) => {
    const { stdout, stderr } = await run(process.execPath, [join(folder, file), String(threads)], { timeout: 30_000 });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ threads, first: 300, worker: typeof globalThis.Worker, listeners: true });
  });

  it('refuses a number of threads that is none', async () => {
    await expect(run(process.execPath, [join(folder, 'program.mjs'), '1.5'])).rejects.toThrow(
      '[peftjs/backend-wasm] threads must be a whole number of at least 1, found 1.5',
    );
  });
});
