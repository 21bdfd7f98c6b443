import type { FileMatrix, LinearSite, Weight } from '@peftjs/core';
import { memory, type Tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withHost } from '../../core/test/with-host.ts';
import { inFile } from '../test/in-file.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { fp4Packing, nf4, nf4Packing } from './four-bit.ts';
import type { GroupedPacking } from './grouped-packing.ts';
import { type Importance, measureImportance } from './importance.ts';
import { int4Packing } from './integers.ts';

const bench = withHost();

test('is the mean square of what enters each linear layer', async () => {
  const linear = bench.host.sites().filter((site): site is LinearSite => site.kind === 'linear');
  const seen = new Map<string, number[][]>();
  const undos = linear.map((site) =>
    bench.host.wrap<'linear'>(site, (base, x) => {
      const values = (x as Tensor).dataSync<'float32'>();
      const rows = Array.from({ length: values.length / site.inDim }, (_, n) => [
        ...values.subarray(n * site.inDim, (n + 1) * site.inDim),
      ]);
      seen.set(site.path, [...(seen.get(site.path) ?? []), ...rows]);
      return base(x);
    }),
  );
  const output = bench.output();
  seen.clear();
  const tensors = memory().numTensors;
  const importance = await measureImportance(bench.host, () => {
    for (let k = 0; k < 2; k++) bench.output();
  });
  expect(memory().numTensors).toBe(tensors);
  expect([...importance.keys()].sort()).toEqual(linear.map(({ path }) => path).sort());
  for (const [path, found] of importance) {
    const rows = seen.get(path) as number[][];
    for (const [i, mean] of found.entries()) {
      const want = rows.reduce((sum, row) => sum + (row[i] as number) ** 2, 0) / rows.length;
      expect(mean).toBeCloseTo(want, 5);
    }
  }
  for (const undo of undos.reverse()) undo();
  expect(bench.output()).toEqual(output);
});

const WIDTH = 96;
const numbers = (scale: number) =>
  fc.array(fc.double({ min: -scale, max: scale, noNaN: true }), { minLength: WIDTH, maxLength: WIDTH });

/** What a row loses, each number's square times its importance. */
function lossOf(packing: GroupedPacking, row: Float32Array, importance: Float32Array, fitted: boolean): number {
  const encoder = packing.encoder(1, WIDTH, fitted ? importance : undefined);
  expect(encoder.encode(row, 0)).toBe(-1);
  const read = new Float32Array(WIDTH);
  packing.decode(encoder.finish(), 0, read);
  return row.reduce((sum, x, i) => sum + (x - (read[i] as number)) ** 2 * (importance[i] as number), 0);
}

test.each([
  ['nf4', nf4Packing({ block: 32 })],
  ['nf4, a block not filled', nf4Packing()],
  ['fp4', fp4Packing({ block: 32 })],
  ['int4', int4Packing({ group: 32 })],
  ['int4, asymmetric', int4Packing({ group: 32, asymmetric: true })],
] as const)('%s never loses more with it', (_, packing) => {
  fc.assert(
    fc.property(numbers(2), numbers(1), (values, roots) => {
      const row = Float32Array.from(values);
      const importance = Float32Array.from(roots, (x) => x * x);
      const [plain, fitted] = [false, true].map((fit) => lossOf(packing, row, importance, fit)) as [number, number];
      expect(fitted).toBeLessThanOrEqual(plain * (1 + 1e-5) + 1e-12);
    }),
    { seed: 5, numRuns: 50 },
  );
});

test('what alone matters is nearer than in other scales', () => {
  const row = Float32Array.from({ length: WIDTH }, (_, k) => Math.sin(k + 1));
  const importance = Float32Array.from({ length: WIDTH }, (_, k) => Number(k % 32 === 5));
  const packing = nf4Packing({ block: 32 });
  expect(lossOf(packing, row, importance, true)).toBeLessThan(0.2 * lossOf(packing, row, importance, false));
});

describe('a matrix of a file', () => {
  const values = Float32Array.from({ length: 2 * WIDTH }, (_, k) => Math.cos(3 * k));
  const matrix = (name: string): FileMatrix => ({
    ...{ name, outDim: 2, inDim: WIDTH, dtype: 'F32' },
    bytes: async () => new Uint8Array(),
    rows: async (first, count) => values.slice(first * WIDTH, (first + count) * WIDTH),
  });
  const importance: Importance = new Map([
    ['model.layers.0.mlp', Float32Array.from({ length: WIDTH }, (_, k) => k % 7)],
    ['model.narrow', new Float32Array(8)],
  ]);
  const load = (name: string, options = {}) => nf4({ block: 32, ...options }).load?.(matrix(name));
  const read = async (name: string, options = {}): Promise<number[]> => {
    const weight = await load(name, options);
    const dense = weight?.read() as Tensor;
    const found = [...dense.dataSync()];
    dense.dispose();
    weight?.dispose();
    return found;
  };

  test('is found by its layer, with the class’s prefix or without', async () => {
    const fitted = await read('model.layers.0.mlp.weight', { importance });
    expect(fitted).not.toEqual(await read('model.layers.0.mlp.weight'));
    expect(await read('layers.0.mlp.weight', { importance })).toEqual(fitted);
  });

  test('is written in bitsandbytes’ layout, and read from it as it was', async () => {
    const weight = (await load('layers.0.mlp.weight', { doubleQuantization: true, importance })) as Weight;
    const again = (await bitsandbytes().load?.((await inFile(weight)) as FileMatrix)) as Weight;
    const [want, got] = [weight, again].map((one) => tidy(() => [...one.read().dataSync()]));
    expect(got).toEqual(want);
    for (const one of [weight, again]) one.dispose();
  });

  test('is refused where there is nothing of it, or of another width', async () => {
    await expect(load('model.embed_tokens.weight', { importance })).rejects.toThrow(
      'the importance given has nothing of "model.embed_tokens.weight"; measure it on this model',
    );
    await expect(load('model.narrow.weight', { importance })).rejects.toThrow(
      'has 8 columns for "model.narrow.weight", which has 96',
    );
  });
});
