import { type AdapterSnapshot, restore } from '@peftjs/core';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../../../core/test/with-host.ts';
import { LAYERS, UP, withModel } from '../../test/on-model.ts';
import { changeOf, distance, snapshot, tensorOf } from '../../test/snapshots.ts';
import { dora } from '../dora.ts';
import { noisy } from '../initializers.ts';
import type { LoraOptions } from '../options.ts';
import { readLora } from '../read-lora.ts';
import { combine } from './combine.ts';
import { cat, linear, svd } from './rules.ts';

const bench = withModel();
const alone = (adapter: AdapterSnapshot) => [{ adapter, weight: 1 }];

describe('on a model', () => {
  const both = [
    { adapter: snapshot(1, LAYERS.slice(0, 2)), weight: 0.6 },
    { adapter: snapshot(2, LAYERS.slice(1), { use_rslora: true }), weight: -0.8 },
  ];

  test.each([cat(), linear(), svd({ r: 4 })])('$name does what both do together, embeddings too', async (rule) => {
    const { host } = bench;
    const plain = bench.output();
    const [one, two] = await Promise.all(
      both.map(({ adapter, weight }, k) => {
        const config = { ...adapter.config, lora_alpha: weight * (adapter.config.lora_alpha as number) };
        return restore(host, { ...adapter, config }, [readLora()], { name: `${k}` });
      }),
    );
    const expected = bench.output();
    one?.detach();
    two?.detach();
    const { result, output } = await bench.combined(both, rule);
    expectClose(output, expected, 1e-5);
    expect(plain.some((v, k) => Math.abs(v - (expected[k] as number)) > 1e-2)).toBe(true);
    expect(result.config).toMatchObject({ use_rslora: false, lora_alpha: result.config.r, bias: 'none' });
    expect(result.provenance).toEqual({ base: { name: 'tiny', fingerprint: 'sha256:tiny' } });
  });

  test('targets stay as they were where all say the same, otherwise each module is named', async () => {
    const same = { rank_pattern: {}, layers_to_transform: [0], layers_pattern: null };
    const orders = [
      ['up_proj', 'down_proj'],
      ['down_proj', 'up_proj'],
    ];
    const all = orders.map((target_modules, k) => ({
      adapter: snapshot(k + 1, LAYERS.slice(0, 1), { ...same, target_modules }),
      weight: 1,
    }));
    const kept = await combine(all, linear());
    expect(kept.config).toMatchObject({ target_modules: ['down_proj', 'up_proj'], layers_to_transform: [0] });
    expect((await combine(both, linear())).config.target_modules).toEqual(LAYERS.map(({ path }) => path));
  });

  test('what all adapters say of themselves stays, what they do not agree on is left out', async () => {
    const configs = [1, 2].map((k) => ({
      task_type: 'CAUSAL_LM',
      lora_dropout: k / 10,
      base_model_name_or_path: 'tiny',
    }));
    const all = configs.map((config, k) => ({ adapter: snapshot(k + 1, LAYERS.slice(0, 1), config), weight: 1 }));
    const { config } = await combine(all, linear());
    expect(config).toMatchObject({ task_type: 'CAUSAL_LM', lora_dropout: 0, base_model_name_or_path: 'tiny' });
  });
});

test('a path that is the end of another keeps its own rank', async () => {
  const layers = ['fc', 'a.fc', 'b.fc'].map((path, k) => ({ path, o: 7, i: 9, r: k === 0 ? 3 : 1 }));
  const adapter = snapshot(1, layers);
  const result = await combine(alone(adapter), cat());
  expect(result.config).toMatchObject({ r: 1, rank_pattern: { '^fc': 3 }, alpha_pattern: { '^fc': 3 } });
  for (const { path } of layers) expect(distance(changeOf(result, path), changeOf(adapter, path))).toBeLessThan(1e-6);
});

test('a convolution keeps the shape of its kernel', async () => {
  const conv = (seed: number): AdapterSnapshot => {
    const { tensors, ...rest } = snapshot(seed, [{ path: 'conv', o: 5, i: 3 * 4, r: 2 }]);
    const shapes = [
      [2, 3, 2, 2],
      [5, 2, 1, 1],
    ];
    return { ...rest, tensors: tensors.map((t, k) => ({ ...t, shape: shapes[k] as number[] })) };
  };
  const all = [1, 2].map((seed) => ({ adapter: conv(seed), weight: 1 }));
  const result = await combine(all, linear());
  expect(tensorOf(result, 'conv.lora_A.weight').shape).toEqual([4, 3, 2, 2]);
  expect(tensorOf(result, 'conv.lora_B.weight').shape).toEqual([5, 4, 1, 1]);
  expect((await combine(all, cat())).sites).toMatchObject([{ rank: 4 }]);
});

describe('DoRA', () => {
  const decomposed = (seed: number, options: LoraOptions = {}) =>
    bench.trained(dora({ r: 2, targets: ['up_proj', 'embed_tokens'], init: noisy, ...options }), seed);

  test('becomes a change of weight with the base at hand, and is exact at full rank', async () => {
    const adapter = await decomposed(3);
    const expected = await bench.outputWith(adapter);
    const { result, output } = await bench.combined(alone(adapter), linear(), bench.base());
    expectClose(output, expected, 1e-4);
    expect(result.config.use_dora).toBe(false);
    expect(result.sites.every(({ rank }) => rank === 4)).toBe(true);
    const { result: small } = await bench.combined(alone(adapter), svd({ r: 1 }), bench.base());
    expect(small.sites.every(({ rank, energy }) => rank === 1 && energy < 1)).toBe(true);
  });

  test('adds up with others as their changes do', async () => {
    const [one, two] = [await decomposed(3), snapshot(2, LAYERS.slice(0, 1), { rank_pattern: {} })];
    const parts = [
      { adapter: one, weight: 0.5 },
      { adapter: two, weight: 2 },
    ];
    const { result } = await bench.combined(parts, linear(), bench.base());
    const change = async (adapter: AdapterSnapshot) =>
      changeOf(await combine(alone(adapter), linear(), bench.base()), UP);
    const [first, second] = [await change(one), await change(two)];
    const expected = first.map((v, k) => 0.5 * v + 2 * (second[k] as number));
    expect(distance(changeOf(result, UP), expected)).toBeLessThan(1e-6);
  });

  test('is refused without the base, and by cat', async () => {
    const adapter = await decomposed(3);
    await expect(combine(alone(adapter), svd({ r: 2 }))).rejects.toThrow(
      '[peftjs/lora] DoRA at "model.embed_tokens" scales the base\'s own weight; give weightOf, which tells it, as weightsOf(model) does',
    );
    await expect(combine(alone(adapter), cat(), bench.base())).rejects.toThrow('that cat could join; use svd');
    const wrong = { weightOf: () => ({ values: [1, 2], outDim: 2, inDim: 1 }) };
    await expect(combine(alone(adapter), linear(), wrong)).rejects.toThrow(
      'weightOf gives 2 numbers, 2 x 1, for "model.embed_tokens", which is 9 x 4',
    );
  });
});
