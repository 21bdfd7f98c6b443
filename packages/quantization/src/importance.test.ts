import type { FileMatrix, Host, LinearSite, Site, Weight } from '@peftjs/core';
import { fill, memory, type Tensor, tidy } from '@tensorflow/tfjs-core';
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
const linearSites = () => bench.host.sites().filter((site): site is LinearSite => site.kind === 'linear');

/** The rows that enter each linear layer in one run. */
function rowsSeen(): ReadonlyMap<string, readonly number[][]> {
  const seen = new Map<string, number[][]>();
  const linear = linearSites();
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
  bench.output();
  for (const undo of undos.reverse()) undo();
  return seen;
}

const meanOf = (rows: readonly number[][], each: (row: number[]) => number) =>
  rows.reduce((sum, row) => sum + each(row), 0) / rows.length;

test('is the mean square of what enters each linear layer', async () => {
  const seen = rowsSeen();
  const output = bench.output();
  const tensors = memory().numTensors;
  const importance = await measureImportance(bench.host, () => {
    for (let k = 0; k < 2; k++) bench.output();
  });
  expect(memory().numTensors).toBe(tensors);
  expect([...importance.keys()].sort()).toEqual(
    linearSites()
      .map(({ path }) => path)
      .sort(),
  );
  for (const [path, found] of importance) {
    const rows = seen.get(path) as number[][];
    for (const [i, mean] of found.entries()) {
      const want = meanOf(rows, (row) => (row[i] as number) ** 2);
      expect(mean).toBeCloseTo(want, 5);
    }
  }
  expect(bench.output()).toEqual(output);
});

test('is the mean product of each two, the smaller the fewer tokens tell of it', async () => {
  const seen = rowsSeen();
  const tensors = memory().numTensors;
  const importance = await measureImportance(bench.host, () => bench.output(), { products: true });
  expect(memory().numTensors).toBe(tensors);
  for (const { path, inDim } of linearSites()) {
    const rows = seen.get(path) as number[][];
    const share = rows.length / (rows.length + inDim);
    const found = importance.get(path) as Float32Array;
    expect(found.length).toBe(inDim ** 2);
    for (const [k, product] of found.entries()) {
      const [i, j] = [Math.floor(k / inDim), k % inDim];
      const want = meanOf(rows, (row) => (row[i] as number) * (row[j] as number));
      expect(product).toBeCloseTo(i === j ? want : share * want, 5);
    }
  }
});

test('is held once for layers with the same input', async () => {
  const { host } = bench;
  const [q, v] = ['q', 'v'].map((path) => ({ ...host.site('model.layers.0.mlp.up_proj'), path })) as [Site, Site];
  const links = new Map<Site, (base: (x: Tensor) => Tensor, x: Tensor) => Tensor>();
  const wrap = (site: Site, link: never) => {
    links.set(site, link);
    return () => links.delete(site);
  };
  const inputs = [2, 3].map((size) => fill([size, 4], size));
  const importance = await measureImportance({ ...host, sites: () => [q, v], wrap } as unknown as Host, () => {
    for (const x of inputs) for (const site of [q, v]) links.get(site)?.((x) => x, x);
  });
  expect(importance.get('q')).toEqual(new Float32Array(4).fill((2 * 2 ** 2 + 3 * 3 ** 2) / 5));
  expect(importance.get('v')).toBe(importance.get('q'));
  for (const x of inputs) x.dispose();
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
