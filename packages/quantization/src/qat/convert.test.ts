// What was trained over rounded weights, put into the storages of as many bits.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, merge, modulesToSave, type Storage, storeWeights } from '@peftjs/core';
import { lora, noisy, qalora } from '@peftjs/lora';
import { defineHost } from '@peftjs/models';
import { leakGuard } from '@peftjs/testing/suites';
import { type Tensor, tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { int4, int8 } from '../integers.ts';
import { type Grid, roundToGrid } from './grid.ts';
import { qat } from './qat.ts';

beforeAll(async () => {
  await useBackend(cpu());
});
leakGuard();

const PAIRS: readonly (readonly [name: string, grid: Grid, storage: Storage])[] = [
  ['int4', { bits: 4, group: 32 }, int4({ group: 32 })],
  ['int4, asymmetric', { bits: 4, group: 32, symmetric: false }, int4({ group: 32, asymmetric: true })],
  ['int8', { bits: 8, group: 32 }, int8({ group: 32 })],
  ['int8 by rows', { bits: 8 }, int8()],
];

const read = (make: () => Tensor) => tidy(() => (make().dataSync() as Float32Array).slice());

describe.each(PAIRS)('%s', (_, grid, storage) => {
  it('holds every matrix of its grid as it is', () => {
    const values = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(values, (x) => {
        const rounded = read(() =>
          roundToGrid(
            tensor(
              x.map((v) => (Math.abs(v) < 1e-20 ? 0 : v)),
              [1, 64],
            ),
            grid,
          ),
        );
        const weight = storage(rounded.slice(), 1, 64);
        const stored = read(() => weight.read());
        weight.dispose();
        const size = Math.max(...rounded.map(Math.abs));
        for (const [i, v] of rounded.entries())
          expect(Math.abs((stored[i] as number) - v)).toBeLessThanOrEqual(1e-6 * size);
      }),
      { numRuns: 50 },
    );
  });
});

/** A model of one layer, and what it says. */
function oneLayer() {
  const { host, site } = defineHost('one layer');
  const weight = tensor2d(
    Float32Array.from({ length: 8 * 64 }, (_, i) => Math.sin(i * i + 1) / 4),
    [8, 64],
  );
  const run = site.linear('up', weight);
  weight.dispose();
  const rows = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.cos(3 * i));
  return { host, probe: () => tidy(() => run(tensor2d(rows.slice(), [3, 64]))), dispose: () => host.dispose() };
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] as number))), 0);

describe.each(PAIRS)('what is evaluated is what is exported to %s', (_, grid, storage) => {
  it.each([
    ['LoRA', () => lora({ r: 2, targets: ['up'], init: noisy })],
    ['whole weights', () => modulesToSave(['up'])],
  ])('%s', async (__, method) => {
    const { host, probe, dispose } = oneLayer();
    const adapter = attach(host, qat(method(), { ...grid, over: 'merged' }), { seed: 1 });
    const evaluated = read(probe);
    await merge(adapter, { final: true });
    expect(furthest(read(probe), evaluated)).toBe(0);
    const { change, bytes } = await storeWeights(host, storage, { probe, tolerance: 1e-5, final: true });
    expect(change).toBeLessThan(1e-5);
    expect(bytes.after).toBeLessThan(bytes.before / 3);
    expect(furthest(read(probe), evaluated)).toBeLessThan(1e-5);
    dispose();
  });
});

it.each([4, 3, 2])('learned steps of %i bits are kept in int4, whatever codes they are used with', (bits) => {
  const codes = fc.array(fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }), {
    minLength: 64,
    maxLength: 64,
  });
  const steps = fc.tuple(
    fc.double({ min: 1e-3, max: 10, noNaN: true }),
    fc.double({ min: 1e-3, max: 10, noNaN: true }),
  );
  fc.assert(
    fc.property(codes, steps, (all, [first, second]) => {
      const grid = Float32Array.from(all, (code, i) => code * Math.fround(i < 32 ? first : second));
      const weight = int4({ group: 32 })(grid.slice(), 1, 64);
      const stored = read(() => weight.read());
      weight.dispose();
      for (const [i, v] of grid.entries())
        expect(Math.abs((stored[i] as number) - v)).toBeLessThanOrEqual(2e-7 * Math.abs(v));
    }),
  );
});

it('what was trained with learned steps is what is exported to int4', async () => {
  const { host, probe, dispose } = oneLayer();
  const spec = { bits: 4, group: 32, over: 'merged', steps: 'learned' } as const;
  const adapter = attach(host, qat(modulesToSave(['up']), spec), { seed: 1 });
  const evaluated = read(probe);
  await merge(adapter, { final: true });
  const { change } = await storeWeights(host, int4({ group: 32 }), { probe, tolerance: 1e-5, final: true });
  expect(change).toBeLessThan(1e-5);
  expect(furthest(read(probe), evaluated)).toBeLessThan(1e-5);
  dispose();
});

it('over a base that is stored so, the method computes as without, since nothing is left to round', async () => {
  const { host, probe, dispose } = oneLayer();
  await storeWeights(host, int4({ group: 32 }), { final: true });
  const method = lora({ r: 2, targets: ['up'], init: noisy });
  const outputs = [method, qat(method, { bits: 4, group: 32, over: 'base' })].map((one) => {
    const adapter = attach(host, one, { seed: 1 });
    const found = read(probe);
    adapter.detach();
    return found;
  }) as [Float32Array, Float32Array];
  expect(furthest(...outputs)).toBeLessThan(1e-5);
  dispose();
});

it('QA-LoRA merges into weights of 4 bits exactly: codes stay, and minima move', async () => {
  const { host, probe, dispose } = oneLayer();
  await storeWeights(host, int4({ group: 32, asymmetric: true }), { final: true });
  const [site] = host.sites();
  if (site?.kind !== 'linear') throw new Error('no layer');
  const matrix = () => read(() => site.weight.read());
  const before = matrix();
  const adapter = attach(host, qalora({ r: 2, group: 32, targets: ['up'], init: noisy }), { seed: 1 });
  const apart = read(probe);
  const unmerge = await merge(adapter, { probe });
  expect(unmerge.change).toBeLessThan(1e-5);
  expect(furthest(read(probe), apart)).toBeLessThan(1e-5);
  const after = matrix();
  for (let start = 0; start < before.length; start += 32) {
    const [was, is] = [before, after].map((all) => all.subarray(start, start + 32)) as [Float32Array, Float32Array];
    expect(codes(is)).toEqual(codes(was));
    expect(Math.abs(Math.min(...is) - Math.min(...was))).toBeGreaterThan(1e-4);
  }
  unmerge();
  adapter.detach();
  const plain = attach(host, lora({ r: 2, targets: ['up'], init: noisy }), { seed: 1 });
  await expect(merge(plain, { probe })).rejects.toThrow('stored in few bits, and what is merged into them is rounded');
  plain.detach();
  dispose();
});

/** Of numbers that reach from the lowest of 16 codes to the highest. */
function codes(group: Float32Array): readonly number[] {
  const [least, most] = [Math.min(...group), Math.max(...group)];
  return [...group].map((v) => Math.round((15 * (v - least)) / (most - least)));
}
