import { describe, expect, test } from 'vitest';
import { farthest, hold, I, O, type Parts, parts, pathsOf, ROUNDING, trueSum } from '../../test/parts.ts';
import { changeOf, distance, snapshot, sumOf } from '../../test/snapshots.ts';
import { combine } from './combine.ts';
import { agree, drop, sum, trim } from './mix.ts';
import { dareLinear, dareTies, magnitudePrune, type Rule, svd, ties } from './rules.ts';
import { streamsOf } from './stream.ts';

describe('rules that mix number by number', () => {
  const mixing: readonly [string, Rule, (changes: Float64Array[], path: string) => Float64Array][] = [
    [
      'ties',
      ties({ density: 0.6, energy: 1 }),
      (cs) =>
        agree(
          cs.map((c) => trim(c, 0.6)),
          'total',
        ),
    ],
    [
      'ties by count',
      ties({ density: 0.6, sign: 'frequency', energy: 1 }),
      (cs) =>
        agree(
          cs.map((c) => trim(c, 0.6)),
          'frequency',
        ),
    ],
    ['magnitudePrune', magnitudePrune({ density: 0.4, energy: 1 }), (cs) => sum(cs.map((c) => trim(c, 0.4)))],
  ];
  test.each(mixing)('%s acts on the weighted changes of weight', (_, rule, formula) =>
    hold(parts, async (all) => {
      const result = await combine(all, rule);
      for (const path of pathsOf(all)) {
        const changes = all.map((part) => Float64Array.from(trueSum([part], path)));
        const expected = [...formula(changes, path)];
        if (expected.some((v) => v !== 0)) expect(distance(changeOf(result, path), expected)).toBeLessThan(ROUNDING);
        else expect(changeOf(result, path).every((v) => v === 0)).toBe(true);
      }
    }),
  );

  test('ties of one adapter with density 1 is that adapter, at its rank', () =>
    hold(
      parts.map(([first]) => [{ ...(first as Parts[number]), weight: 1 }]),
      async (all) => {
        const result = await combine(all, ties({ density: 1 }));
        expect(farthest(result, all)).toBeLessThan(ROUNDING);
        expect(result.sites.map(({ rank }) => rank)).toEqual(
          pathsOf(all).map(
            (path) => all[0]?.adapter.tensors.find(({ key }) => key.includes(`${path}.lora_A`))?.shape[0],
          ),
        );
      },
    ));

  test('a weight and a scale are the same thing, for the election of signs too', async () => {
    const layers = [{ path: 'q', o: O, i: I, r: 2 }];
    const [one, other] = [snapshot(1, layers, { lora_alpha: 2 }), snapshot(2, layers, { lora_alpha: 2 })];
    const larger = snapshot(2, layers, { lora_alpha: 10 });
    const rule = ties({ density: 0.7, energy: 1 });
    const weighted = await combine(
      [
        { adapter: one, weight: 1 },
        { adapter: other, weight: 5 },
      ],
      rule,
    );
    const scaled = await combine(
      [
        { adapter: one, weight: 1 },
        { adapter: larger, weight: 1 },
      ],
      rule,
    );
    expect(distance(changeOf(weighted, 'q'), changeOf(scaled, 'q'))).toBeLessThan(ROUNDING);
  });

  test('dare keeps on average the sum of the changes, and each seed drops others', async () => {
    const layers = [{ path: 'q', o: O, i: I, r: 2 }];
    const all = [
      { adapter: snapshot(1, layers), weight: 1 },
      { adapter: snapshot(2, layers), weight: -0.5 },
    ];
    const [density, runs] = [0.5, 300];
    const expected = trueSum(all, 'q');
    const mean = new Array<number>(O * I).fill(0);
    const seen = new Set<string>();
    for (let seed = 0; seed < runs; seed++) {
      const change = changeOf(await combine(all, dareLinear({ density, seed, energy: 1 })), 'q');
      seen.add(change.map((v) => (Math.abs(v) < 1e-6 ? 0 : 1)).join(''));
      for (const [k, v] of change.entries()) mean[k] = (mean[k] as number) + v / runs;
    }
    expect(seen.size).toBe(runs);
    const squares = sumOf(...all.map((part) => [1, trueSum([part], 'q').map((v) => v * v)] as const));
    for (const [k, v] of mean.entries()) {
      const deviation = Math.sqrt((((1 - density) / density) * (squares[k] as number)) / runs);
      expect(Math.abs(v - (expected[k] as number))).toBeLessThan(5 * deviation + 1e-6);
    }
  });

  test('dareTies elects among what it has not dropped; a tensor has numbers of its own', async () => {
    const layers = ['q', 'k'].map((path) => ({ path, o: O, i: I, r: 2 }));
    const one = snapshot(1, layers);
    const rule = dareTies({ density: 0.5, seed: 4, energy: 1 });
    const result = await combine([{ adapter: one, weight: 1 }], rule);
    const kept = layers.map(({ path }) => changeOf(result, path).map((v) => (Math.abs(v) < 1e-6 ? 0 : 1)));
    expect(kept[0]).not.toEqual(kept[1]);
    for (const { path } of layers) {
      const change = Float64Array.from(changeOf(one, path));
      const expected = agree([drop(change, 0.5, streamsOf(path)(4, 0))], 'total');
      expect(distance(changeOf(result, path), [...expected])).toBeLessThan(ROUNDING);
    }
  });
});

test('options out of their range are refused at once', () => {
  for (const density of [0, -0.1, 1.1, Number.NaN]) {
    for (const rule of [ties, dareLinear, dareTies, magnitudePrune])
      expect(() => rule({ density })).toThrow(
        `[peftjs/lora] the density is ${density}; give a share above 0, at most 1`,
      );
  }
  for (const rule of [ties, dareTies]) {
    const sign = 'totl' as 'total';
    expect(() => rule({ density: 1, sign })).toThrow('signs cannot be elected by "totl"; give "total" or "frequency"');
  }
  for (const r of [0, 1.5, Number.NaN])
    expect(() => svd({ r })).toThrow(`the rank is ${r}; give a whole number above 0`);
  for (const energy of [0, 1.1, Number.NaN])
    expect(() => ties({ density: 1, energy })).toThrow(
      `the energy to keep is ${energy}; give a share above 0, at most 1`,
    );
});
