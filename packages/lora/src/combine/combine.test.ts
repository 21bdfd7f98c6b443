import { random } from '@peftjs/backend';
import { describe, expect, test } from 'vitest';
import { farthest, hold, I, O, type Parts, parts, ROUNDING, trueSum } from '../../test/parts.ts';
import { changeOf, distance, snapshot } from '../../test/snapshots.ts';
import { combine } from './combine.ts';
import { cat, dareLinear, dareTies, linear, magnitudePrune, svd, ties } from './rules.ts';

describe('the sum of the changes, whatever ranks, scales, weights and modules', () => {
  const few = parts.filter(
    (all) =>
      all.reduce((r, { adapter: one }) => r + Math.max(...one.tensors.map(({ shape }) => Math.min(...shape))), 0) <= O,
  );
  test('cat', () => hold(few, async (all) => expect(farthest(await combine(all, cat()), all)).toBeLessThan(ROUNDING)));
  test('linear', () =>
    hold(parts, async (all) => expect(farthest(await combine(all, linear()), all)).toBeLessThan(ROUNDING)));
  test('svd at full rank', () =>
    hold(parts, async (all) => expect(farthest(await combine(all, svd({ r: O })), all)).toBeLessThan(ROUNDING)));
  test('with nothing dropped, dareLinear and magnitudePrune', () =>
    hold(parts, async (all) => {
      for (const rule of [dareLinear, magnitudePrune]) {
        const result = await combine(all, rule({ density: 1, energy: 1 }));
        expect(farthest(result, all)).toBeLessThan(ROUNDING);
      }
    }));
});

test('linear takes the least rank, cat adds them up', async () => {
  const layers = [{ path: 'q', o: O, i: I, r: 2 }];
  const one = snapshot(1, layers);
  const other = snapshot(2, layers);
  const twice = [one, one, other].map((each) => ({ adapter: each, weight: 0.5 }));
  expect((await combine(twice, linear())).sites).toMatchObject([{ path: 'q', rank: 4 }]);
  expect((await combine(twice, cat())).sites).toEqual([{ path: 'q', rank: 6, energy: 1, error: 0 }]);
});

test('what cancels out is nothing, at rank 1', async () => {
  const one = snapshot(1, [{ path: 'q', o: O, i: I, r: 3 }]);
  const result = await combine(
    [
      { adapter: one, weight: 1 / 3 },
      { adapter: one, weight: -1 / 3 },
    ],
    linear(),
  );
  expect(result.sites).toMatchObject([{ rank: 1 }]);
  expect(Math.max(...changeOf(result, 'q').map(Math.abs))).toBeLessThan(1e-12);
});

test('svd keeps what it says: the nearest of its rank, no nearer without more', async () => {
  const layers = [{ path: 'q', o: O, i: I, r: 3 }];
  const all = [
    { adapter: snapshot(1, layers), weight: 1 },
    { adapter: snapshot(2, layers), weight: 0.7 },
  ];
  let before = 1;
  for (const r of [1, 2, 3, 6]) {
    const result = await combine(all, svd({ r }));
    const error = distance(changeOf(result, 'q'), trueSum(all, 'q'));
    expect(result.sites[0]).toMatchObject({ rank: r });
    expect(result.sites[0]?.error).toBeCloseTo(error, 6);
    expect(result.sites[0]?.energy).toBeCloseTo(1 - error ** 2, 6);
    expect(error).toBeLessThan(before);
    before = error;
  }
  expect((await combine(all, svd())).sites[0]?.rank).toBe(3);
  const kept = (await combine(all, svd({ energy: 0.8 }))).sites[0];
  expect(kept?.energy).toBeGreaterThanOrEqual(0.8);
  expect((await combine(all, svd({ r: (kept?.rank as number) - 1 }))).sites[0]?.energy).toBeLessThan(0.8);
});

test.each([
  cat(),
  linear(),
  svd({ r: 2 }),
  ties({ density: 0.5 }),
  dareLinear({ density: 0.5 }),
  dareTies({ density: 0.5 }),
  magnitudePrune({ density: 0.5 }),
])('the order of the adapters means nothing: $name', async (rule) => {
  const all = [1, 2, 3].map((seed) => ({
    adapter: snapshot(seed, [
      { path: 'a', o: O, i: I, r: 2 },
      { path: `m${seed % 2}`, o: I, i: O, r: 1 },
    ]),
    weight: seed - 1.5,
  }));
  const [first, second, third] = all as [Parts[number], Parts[number], Parts[number]];
  const straight = await combine(all, rule);
  for (const turned of [
    [third, second, first],
    [second, third, first],
  ]) {
    const result = await combine(turned, rule);
    for (const path of ['a', 'm0', 'm1'])
      expect(distance(changeOf(result, path), changeOf(straight, path))).toBeLessThan(ROUNDING);
  }
});

test('is the same for each seed, tells of each module, and stops when asked to', async () => {
  const all = [
    {
      adapter: snapshot(1, [
        { path: 'a', o: O, i: I, r: 2 },
        { path: 'b', o: O, i: I, r: 2 },
      ]),
      weight: 1,
    },
  ];
  const rule = dareLinear({ density: 0.5, seed: random(1)() * 100 });
  expect(await combine(all, rule)).toEqual(await combine(all, rule));
  const abort = new AbortController();
  const told: string[] = [];
  const run = combine(all, svd(), {
    signal: abort.signal,
    onSite({ path }) {
      told.push(path);
      abort.abort(new Error('enough'));
    },
  });
  await expect(run).rejects.toThrow('enough');
  expect(told).toEqual(['a']);
});
