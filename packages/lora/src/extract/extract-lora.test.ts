import { describe, expect, test } from 'vitest';
import { changeOf, distance, numbers, product } from '../../test/snapshots.ts';
import { extractLora, type WeightChange } from './extract-lora.ts';

const [O, I] = [8, 12];

/** A layer whose weight has changed by something of this rank. */
function changed(path: string, rank: number, seed = 1): WeightChange & { readonly change: number[] } {
  const before = numbers([seed, 0], O * I);
  const after = Float32Array.from(
    product(numbers([seed, 1], O * rank), numbers([seed, 2], rank * I), rank),
    (v, k) => v + (before[k] as number),
  );
  return { path, before, after, outDim: O, inDim: I, change: Array.from(after, (v, k) => v - (before[k] as number)) };
}

test('a change of a rank is found again at that rank, one of a higher at what it takes', async () => {
  const changes = [changed('a', 2), changed('b', 3, 2)];
  const adapter = await extractLora(changes, { r: 3 });
  for (const { path, change } of changes) expect(distance(changeOf(adapter, path), change)).toBeLessThan(1e-6);
  expect(adapter.config).toMatchObject({ peft_type: 'LORA', r: 3, lora_alpha: 3, target_modules: ['a', 'b'] });
  const small = await extractLora(changes, { energy: 0.9 });
  for (const [k, { path, change }] of changes.entries()) {
    const error = distance(changeOf(small, path), change);
    expect(small.sites[k]?.error).toBeCloseTo(error, 6);
    expect(1 - error ** 2).toBeGreaterThanOrEqual(0.9);
  }
});

test('reports the rank, kept energy and error of each module, as they come', async () => {
  const told: unknown[] = [];
  const adapter = await extractLora(
    [changed('a', 4), changed('b', 4, 2)],
    { r: 2 },
    { onSite: (site) => told.push(site) },
  );
  expect(told).toEqual(adapter.sites);
  expect(adapter.sites.map(({ path, rank }) => [path, rank])).toEqual([
    ['a', 2],
    ['b', 2],
  ]);
  for (const { energy, error } of adapter.sites) {
    expect(energy).toBeGreaterThan(0.3);
    expect(energy).toBeLessThan(1);
    expect(error).toBeCloseTo(Math.sqrt(1 - energy), 10);
  }
});

test('an embedding is read as its table, and changed by B A transposed', async () => {
  const table = { ...changed('e', 2), kind: 'embedding' as const };
  const adapter = await extractLora([table], { r: 2 });
  const transposed = Array.from(
    { length: O * I },
    (_, at) => table.change[(at % O) * I + Math.floor(at / O)] as number,
  );
  expect(distance(changeOf(adapter, 'e'), transposed)).toBeLessThan(1e-6);
});

test('a convolution is read as its filters, and keeps their shape', async () => {
  const adapter = await extractLora([{ ...changed('c', 2), inDim: 3, kernel: [2, 2] }], { r: 2 });
  expect(adapter.tensors.map(({ shape }) => shape)).toEqual([
    [2, 3, 2, 2],
    [O, 2, 1, 1],
  ]);
});

test('says where the files of the model hold matrices the other way round', async () => {
  const layers = [changed('a', 1), { ...changed('b', 1), transposed: true }];
  const says = async (n: number) => (await extractLora(layers.slice(0, n), { r: 1 })).config.fan_in_fan_out;
  expect([await says(1), await says(2)]).toEqual([false, true]);
});

test('matrices that did not change are left out; one is read at a time', async () => {
  const same = { ...changed('same', 1), after: changed('same', 1).before };
  let open = 0;
  async function* lazily() {
    for (const one of [changed('a', 1), same, changed('b', 1)]) {
      open += 1;
      yield one;
    }
  }
  const seen: number[] = [];
  const adapter = await extractLora(lazily(), { r: 1 }, { onSite: () => seen.push(open) });
  expect(adapter.config.target_modules).toEqual(['a', 'b']);
  expect(seen).toEqual([1, 3]);
});

test('belongs to the base it is told', async () => {
  const base = { name: 'tiny', fingerprint: 'sha256:tiny' };
  expect((await extractLora([changed('a', 1)], { r: 1 }, { base })).provenance).toEqual({ base });
  expect((await extractLora([changed('a', 1)], { r: 1 })).provenance).toBeNull();
});

test('stops when asked to', async () => {
  const abort = new AbortController();
  const run = extractLora(
    [changed('a', 1), changed('b', 1)],
    { r: 1 },
    {
      signal: abort.signal,
      onSite: () => abort.abort(new Error('enough')),
    },
  );
  await expect(run).rejects.toThrow('enough');
});

describe('refused', () => {
  const one = changed('a', 1);
  const cases: [string, readonly WeightChange[], object, string][] = [
    ['no fit', [one], {}, 'the fit says neither r nor energy; give one of them'],
    ['a rank of none', [one], { r: 0 }, 'the rank is 0; give a whole number above 0'],
    ['a share over 1', [one], { energy: 2 }, 'the energy to keep is 2; give a share above 0, at most 1'],
    ['nothing', [], { r: 1 }, 'no weight has changed; there is nothing to extract'],
    ['no change', [{ ...one, after: one.before }], { r: 1 }, 'no weight has changed'],
    ['one path twice', [one, one], { r: 1 }, '"a" comes twice; give each module once'],
    ['too few numbers', [{ ...one, inDim: 13 }], { r: 1 }, '"a" has 96 numbers before and 96 after; 8 x 13 are 104'],
    [
      'NaN',
      [{ ...one, after: one.before.length ? Array.from(one.before, () => Number.NaN) : [] }],
      { r: 1 },
      'the change of "a" is not finite',
    ],
  ];
  test.each(cases)('%s', async (_, changes, fit, message) => {
    await expect(extractLora(changes, fit)).rejects.toThrow(`[peftjs/lora] ${message}`);
  });
});
