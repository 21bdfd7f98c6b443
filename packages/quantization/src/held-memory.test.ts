// What a process holds for its weights, as the operating system counts it: each storage in a process of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
/** Inside the backend's package, so that Node finds its tfjs from there. */
let folder = '';

const PROGRAM = `
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { dense } from '@peftjs/core';
import { bf16, f16, int4, int8, nf4 } from '@peftjs/quantization';
import { tidy, ones } from '@tensorflow/tfjs-core';

const [o, i, count] = [1024, 1024, 48];
const double = nf4({ doubleQuantization: true });
const storage = { f32: dense, f16: f16(), bf16: bf16(), int8: int8(), int4: int4(), nf4: nf4(), double }[process.argv[2]];
await useBackend(wasm({ threads: 1 }));
const values = Float32Array.from({ length: o * i }, (_, k) => ((k * 7919) % 1000) / 1000 - 0.5);
const matrix = { name: 'w', outDim: o, inDim: i, dtype: 'F32', bytes: async () => new Uint8Array(), rows: async (first, n) => values.slice(first * i, (first + n) * i) };
const load = async () => storage.load ? storage.load(matrix) : storage(await matrix.rows(0, o), o, i);
// The JavaScript heap, the codes' tables and the product's scratch have been there since the first.
const first = await load();
const use = (weight, rows) => tidy(() => weight.matMul(ones([rows, i])).dataSync()[0]);
for (const rows of [1, 64]) use(first, rows);
// Freed buffers go back to the system a little later.
const settled = async () => {
  for (let k = 0; k < 5; k++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
};
const before = await settled();
const weights = [];
for (let k = 0; k < count; k++) {
  weights.push(await load());
  globalThis.gc();
}
for (const weight of weights) for (const rows of [1, 64]) use(weight, rows);
const held = (await settled()) - before;
process.stdout.write(JSON.stringify({ held, said: weights.reduce((sum, { bytes }) => sum + bytes, 0) }));
`;

/** With these glibc gives freed buffers back at once, and what is counted is what is held. */
const PROMPT_FREE = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' };

beforeAll(async () => {
  folder = mkdtempSync(join(root, '../backend-wasm/node_modules', '.held-memory-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['peftjs-source'],
    external: ['@tensorflow/*'],
    alias: { '@peftjs/quantization': join(root, 'src/index.ts') },
    outfile: join(folder, 'program.mjs'),
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers of all matrices. */
const COUNT = 48 * 1024 * 1024;

it.each([
  ['f32', 4],
  ['f16', 2],
  ['bf16', 2],
  ['int8', 1 + 4 / 1024],
  ['int4', 0.5 + 4 / 64],
  ['nf4', 0.5 + 4 / 64],
  ['double', 0.5 + 1 / 64],
])('%s holds %f bytes a number, before and after products', async (storage, bytes) => {
  const args = ['--expose-gc', '--max-semi-space-size=1', join(folder, 'program.mjs'), storage];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...PROMPT_FREE } });
  const { held, said } = JSON.parse(stdout) as { held: number; said: number };
  // Besides, each matrix of four bits has tables.
  expect(said / COUNT).toBeGreaterThanOrEqual(bytes);
  expect(said / COUNT).toBeLessThan(bytes + 0.002);
  expect(held / said).toBeGreaterThan(0.95);
  expect(held / said).toBeLessThan(1.1);
  if (storage === 'double') expect(held / COUNT).toBeLessThanOrEqual(0.55);
});
