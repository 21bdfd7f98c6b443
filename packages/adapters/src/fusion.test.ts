import { normal, random } from '@peftjs/backend';
import { type AdapterSnapshot, attach, type Json, penalty, restore } from '@peftjs/core';
import { type Tensor, tensor, tensor3d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { type TrainedOptions, trained } from '../test/trained.ts';
import { withLlama } from '../test/with-llama.ts';
import { type FusionOptions, fusion } from './fusion.ts';
import { readFusion } from './read-fusion.ts';

const bench = withLlama();
const BRANCHES = ['model.layers.0.mlp', 'model.layers.1.mlp'];
const [D, R] = [16, 3];
const adapter = (seed: number, more: Partial<TrainedOptions> = {}) =>
  trained(seed, { branches: BRANCHES, d: D, r: R, ...more });

describe('what it computes', () => {
  const d = 4;
  const path = 'branch';
  const two = [1, 2].map((seed) => trained(seed, { branches: [path], d, activation: 'tanh', scaling: seed / 2 }));
  const values = Object.fromEntries(
    ['query', 'key', 'value', 'x', 'h'].map((name, seed) => [name, [...normal(random(seed), d * d, 0.8)]]),
  );
  const row = (name: string) => (values[name] as number[]).slice(0, d);
  const times = (w: ArrayLike<number>, x: readonly number[]) =>
    Array.from({ length: w.length / x.length }, (_, o) =>
      x.reduce((sum, v, i) => sum + v * (w[o * x.length + i] as number), 0),
    );
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, k) => sum + v * (b[k] as number), 0);

  /** What the paper has: o = Σ softmax_n(Q h · K z_n) V z_n. */
  function expected(parallel: boolean): readonly number[] {
    const z = two.map(({ tensors, config }) => {
      const [down, downBias, up, upBias] = tensors.map((t) => t.data) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const narrow = times(down, row(parallel ? 'x' : 'h')).map((v, j) => Math.tanh(v + (downBias[j] as number)));
      return times(up, narrow).map(
        (v, k) => (row('h')[k] as number) + (config.scaling as number) * (v + (upBias[k] as number)),
      );
    });
    const scores = z.map((one) =>
      Math.exp(dot(times(values.query as number[], row('h')), times(values.key as number[], one))),
    );
    const total = scores.reduce((sum, v) => sum + v);
    const parts = z.map((one, n) =>
      times(values.value as number[], one).map((v) => (v * (scores[n] as number)) / total),
    );
    return row('h').map((_, k) => parts.reduce((sum, part) => sum + (part[k] as number), 0));
  }

  test.each(['pfeiffer', 'parallel'])('is the equation over %s adapters', (style) => {
    const adapters = two.map((one) => ({ ...one, config: { ...one.config, style } }));
    const part = fusion(adapters).on.residual;
    tidy(() => {
      const specs = part?.params({ kind: 'residual', path, role: 'mlp', dim: d }) ?? {};
      const params = Object.fromEntries(
        Object.entries(specs).map(([name, { shape, init }]) => [
          name,
          values[name] ? tensor(values[name] as number[], [...shape]) : init(shape, random(0)),
        ]),
      );
      const at = (name: string) => tensor3d(row(name), [1, 1, d]);
      const y = part?.forward({ x: at('x'), base: () => at('h'), params } as never) as Tensor;
      const want = expected(style === 'parallel');
      for (const [k, v] of y.dataSync().entries()) expect(v).toBeCloseTo(want[k] as number, 5);
    });
  });
});

test('trains queries, keys and values alone, V from the identity, and brings the adapters along', async () => {
  const fused = attach(bench.one.host, fusion([adapter(1), adapter(2)], { targets: ['layers.1.mlp'] }));
  const trainable = fused.parameters.filter((p) => p.trainable);
  expect(trainable.map(({ key, variable }) => [key, variable.shape])).toEqual(
    ['query', 'key', 'value'].map((name) => [`base_model.model.model.layers.1.mlp.fusion_${name}.weight`, [D, D]]),
  );
  const identity = Array.from({ length: D * D }, (_, k) => (k % (D + 1) === 0 ? 1 : 0));
  expect([...(trainable[2]?.variable.dataSync() ?? [])]).toEqual(identity);
  const { tensors } = await fused.snapshot();
  const frozen = tensors.filter(({ key }) => key.includes('.fused.'));
  const mine = [1, 2].flatMap((seed) =>
    adapter(seed)
      .tensors.filter(({ key }) => key.includes('.1.'))
      .map((t) => t.data),
  );
  expect(frozen.map((t) => t.data)).toEqual(mine);
  expect(frozen[0]?.key).toBe('base_model.model.model.layers.1.mlp.fused.0.adapter_down.weight');
  fused.detach();
});

test.each([0.5, 0])("adds V's squared distance from the identity to the loss, times %d", (regularization) => {
  const fused = attach(bench.one.host, fusion([adapter(1), adapter(2)], { regularization }));
  for (const { key, variable } of fused.parameters) {
    if (!key.endsWith('fusion_value.weight')) continue;
    const moved = tensor(new Float32Array(D * D).fill(0.1), [D, D]);
    variable.assign(moved);
    moved.dispose();
  }
  let found: number | undefined;
  tidy(() => {
    found = penalty(bench.one.host)?.dataSync()[0];
  });
  // D (D - 1) numbers are off by 0.1, D by 0.9; on two branches.
  if (regularization === 0) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(2 * regularization * (D * (D - 1) * 0.01 + D * 0.81), 3);
  fused.detach();
});

const unfit: [string, readonly AdapterSnapshot[], FusionOptions, string][] = [
  ['one adapter', [adapter(1)], {}, 'a fusion of 1; give two adapters or more'],
  [
    'an adapter of another method',
    [adapter(1), { ...adapter(2), config: { peft_type: 'LORA', r: 8 } }],
    {},
    'a fusion takes adapters of type "BOTTLENECK"; one is of type "LORA"',
  ],
  [
    'adapters on different branches',
    [adapter(1), adapter(2, { branches: BRANCHES.slice(1) })],
    {},
    'adapter 0 is on "model.layers.0.mlp", adapter 1 is not',
  ],
  [
    'adapters on further branches',
    [adapter(1, { branches: BRANCHES.slice(1) }), adapter(2)],
    {},
    'adapter 1 is on "model.layers.0.mlp", adapter 0 is not',
  ],
  ['adapters of two bases', [adapter(1, { base: 'a' }), adapter(2, { base: 'b' })], {}, 'trained on different bases'],
  [
    'adapters of two models',
    [adapter(1), adapter(2, { d: 8 })],
    {},
    'adapter_down.weight" of an adapter to be fused has shape [3,8]; [3,16] is needed',
  ],
  [
    'an unknown activation',
    [adapter(1), adapter(2, { activation: 'gelo' })],
    {},
    'has activation "gelo"; nearest: "gelu"',
  ],
  [
    'a lost tensor',
    [adapter(1), { ...adapter(2), tensors: adapter(2).tensors.slice(0, -1) }],
    {},
    'has no "base_model.model.model.layers.1.mlp.adapter_up.bias"',
  ],
  [
    'a negative weight',
    [adapter(1), adapter(2)],
    { regularization: -1 },
    'regularization is -1; give a number of 0 or more',
  ],
];

test.each(unfit)('%s: refused', (_, adapters, options, message) => {
  expect(() => fusion(adapters, options)).toThrow(message);
});

test.each([
  [
    'a branch without adapters',
    fusion([adapter(1), adapter(2)], { targets: ['mlp', 'attn'] }),
    'the adapters to be fused have nothing there',
  ],
  [
    'another width',
    fusion([adapter(1, { d: 8 }), adapter(2, { d: 8 })]),
    'the adapters to be fused are for a width of 8, it has 16',
  ],
])('%s: refused before anything is changed', (_, method, message) => {
  const before = bench.output();
  expect(() => attach(bench.one.host, method)).toThrow(message);
  expect(bench.output()).toEqual(before);
});

test('comes back from a folder alone', async () => {
  const method = fusion([adapter(1), adapter(2, { style: 'parallel', activation: 'silu', scaling: 4 })]);
  const fused = attach(bench.one.host, method);
  const before = bench.output();
  const saved = await fused.snapshot();
  fused.detach();
  expect(saved.config).toMatchObject({
    peft_type: 'ADAPTER_FUSION',
    adapters: [
      { style: 'pfeiffer', r: R, activation: 'gelu', scaling: 1 },
      { style: 'parallel', r: R, activation: 'silu', scaling: 4 },
    ],
    regularization: 0.01,
    target_modules: BRANCHES,
  });
  const again = await restore(bench.one.host, saved, [readFusion()]);
  expect(bench.output()).toEqual(before);
  again.detach();
});

const unread: [Record<string, Json>, string][] = [
  [{ adapters: [] }, 'has no adapters; a fusion needs some'],
  [{ adapters: [{ style: 'pfeiffer', activation: 'relu', scaling: 1 }] }, 'has no r; a number is needed'],
  [{ adapters: [{ style: 'serial', r: 2, activation: 'relu', scaling: 1 }] }, 'has style "serial"; nearest: "'],
  [{ regularization: null }, 'has regularization null; a number is needed'],
  [{ temperature: 2 }, 'asks for "temperature", which is not supported'],
];

test.each(unread)('a configuration with %o is refused', (more, message) => {
  const config = {
    adapters: [{ style: 'pfeiffer', r: 2, activation: 'relu', scaling: 1 }],
    regularization: 0,
    target_modules: BRANCHES,
  };
  expect(() => readFusion().read({ ...config, ...more })).toThrow(message);
});
