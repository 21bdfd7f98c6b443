import { useBackend } from '@peftjs/backend';
import { cos, cumsum, sin, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grid } from './runtime.ts';
import { webgpu } from './webgpu.ts';

const obstacle = await webgpu().probe();
const here = obstacle === null || process.env.CI !== undefined;

it('folds a long row of workgroups into the dimensions that a device allows', () => {
  expect(grid(7, 65535)).toEqual([7, 1, 1]);
  for (const groups of [9, 10, 81, 82, 500]) {
    const [x, y, z] = grid(groups, 9);
    expect(Math.max(x, y, z)).toBeLessThanOrEqual(9);
    expect(x * y * z).toBeGreaterThanOrEqual(groups);
  }
});

describe.runIf(here)(`on a device${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  beforeAll(async () => {
    expect((await useBackend(webgpu())).rejected).toEqual([]);
  });

  it('gives sine and cosine to the precision of float32 up to 10,000', async () => {
    const x = Float32Array.from({ length: 4001 }, (_, k) => (k - 2000) * 4.9987);
    const made = tidy(() => [sin(tensor(x)), cos(tensor(x))] as const);
    const [s, c] = await Promise.all(made.map((t) => t.data()));
    for (const t of made) t.dispose();
    for (const [k, v] of x.entries()) {
      expect(Math.abs((s?.[k] as number) - Math.sin(v))).toBeLessThan(4e-7);
      expect(Math.abs((c?.[k] as number) - Math.cos(v))).toBeLessThan(4e-7);
    }
  });

  it('sums from the end at one length after another', async () => {
    for (const n of [3, 5, 2]) {
      const made = tidy(() => cumsum(tensor(new Float32Array(n).fill(1)), 0, false, true));
      expect(Array.from(await made.data())).toEqual(Array.from({ length: n }, (_, k) => n - k));
      made.dispose();
    }
  });
});
