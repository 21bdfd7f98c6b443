// The most memory that a process has, as the operating system counts it: what it is more for a larger tensor.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeSafetensors } from '@peftjs/safetensors';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { numbers } from '../test/models.ts';

const run = promisify(execFile);
/** The small one has some chunks, too: what a chunk takes is the same for both. */
const [SMALL, LARGE] = [2 ** 22, 3 * 2 ** 22];
/** Of a model of many tensors. */
const EACH = 2 ** 24;
let root: string;

/** A model of tensors of so many bytes each, and what became of it: the low half of each number is another. */
function writePair(folder: string, bytes: number, count = 1): void {
  const values = numbers(1, bytes / 4);
  const bits = new Uint16Array(values.buffer.slice(0));
  for (let i = 0; i < bits.length; i += 2) bits[i] = Math.imul(i + 1, 40_503) >>> 7;
  for (const [name, data] of [
    ['base', values],
    ['tuned', new Float32Array(bits.buffer)],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(
      join(folder, name, 'model.safetensors'),
      writeSafetensors(
        Array.from({ length: count }, (_, i) => ({
          ...{ name: `w${i}`, dtype: 'F32' as const, shape: [data.length / 1024, 1024], data },
        })),
      ),
    );
  }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'peftjs-peak-'));
  await build({
    entryPoints: [join(import.meta.dirname, '../test/peak.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['peftjs-source'],
    outfile: join(root, 'program.mjs'),
  });
  writePair(join(root, 'small'), SMALL);
  writePair(join(root, 'large'), LARGE);
  writePair(join(root, 'many'), EACH, 6);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** With these glibc gives freed buffers back at once, and what is counted is what is held. */
const PROMPT_FREE = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '1' };

const SMALL_SPACE = '--max-semi-space-size=1';

async function peak(name: string, size: string, flags: readonly string[] = ['--expose-gc']): Promise<number> {
  const { stdout } = await run(
    process.execPath,
    [...flags, SMALL_SPACE, join(root, 'program.mjs'), name, join(root, size)],
    {
      env: { ...process.env, ...PROMPT_FREE },
    },
  );
  return Number(stdout);
}

/** Times what the tensor is larger by: the changes of a tensor, while a delta is made, and else no more than a few chunks. */
const MOST = { exact: 1, int4: 0.5, 'low rank': 0.5, mixed: 0.75, sparse: 0.5, apply: 0.5, chain: 1 } as const;

test.each(Object.entries(MOST))('%s has no tensor whole in memory', async (name, most) => {
  const more = (await peak(name, 'large')) - (await peak(name, 'small'));
  expect(more).toBeLessThan(most * (LARGE - SMALL));
  if (name !== 'apply') return;
  const [made, wanted] = ['applied', 'tuned'].map((one) => readFileSync(join(root, 'large', one, 'model.safetensors')));
  expect(made?.equals(wanted as Buffer)).toBe(true);
});

test('exact leaves behind less than two of the largest tensors, however many there are', async () => {
  const more = (await peak('exact', 'many', [])) - (await peak('exact', 'small', []));
  expect(more).toBeLessThan(2 * EACH);
});
