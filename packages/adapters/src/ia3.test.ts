import { attach, type ConvSite, type Folded, type Json, type ParamSpec, type Place, restore } from '@peftjs/core';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { withLlama } from '../test/with-llama.ts';
import { type Ia3Options, ia3 } from './ia3.ts';
import { readIa3 } from './read-ia3.ts';

const bench = withLlama();

const configOf = async (options: Ia3Options) => {
  const adapter = attach(bench.one.host, ia3(options));
  const { config } = await adapter.snapshot();
  adapter.detach();
  return config;
};

test('scales keys and values as they come out, and what goes into the last feed-forward layer', () => {
  const adapter = attach(bench.one.host, ia3({ layers: [0] }));
  expect(adapter.parameters.map(({ key, variable }) => [key, variable.shape])).toEqual([
    ['base_model.model.model.layers.0.self_attn.k_proj.ia3_l', [8, 1]],
    ['base_model.model.model.layers.0.self_attn.v_proj.ia3_l', [8, 1]],
    ['base_model.model.model.layers.0.mlp.down_proj.ia3_l', [1, 20]],
  ]);
  adapter.detach();
});

describe('what it states', () => {
  const downs = [0, 1].map((i) => `model.layers.${i}.mlp.down_proj`);
  const all = [0, 1].flatMap((i) => [
    `model.layers.${i}.self_attn.k_proj`,
    `model.layers.${i}.self_attn.v_proj`,
    `model.layers.${i}.mlp.down_proj`,
  ]);
  const names = ['k_proj', 'v_proj', 'down_proj'];
  const given: [string, Ia3Options, Json, Json][] = [
    ['roles become paths, which PEFT knows', {}, all, downs],
    ['names stay', { targets: names, feedforward: ['down_proj'] }, names, ['down_proj']],
    ['names become paths beside a role that is none of them', { targets: names }, all, downs],
    [
      'names become paths for some layers',
      { targets: names, feedforward: ['down_proj'], layers: [1] },
      all.slice(3),
      downs.slice(1),
    ],
    ['no feed-forward stays none', { targets: ['q_proj'], feedforward: [] }, ['q_proj'], []],
    ['a pattern stays', { targets: /.*(k|down)_proj/ }, '.*(k|down)_proj', downs],
    ['two patterns stay', { targets: /.*(k|down)_proj/, feedforward: /.*down.*/ }, '.*(k|down)_proj', '.*down.*'],
  ];

  test.each(given)('%s', async (_, options, target_modules, feedforward_modules) => {
    const config = await configOf(options);
    expect(config).toMatchObject({
      target_modules,
      feedforward_modules,
      init_ia3_weights: true,
      fan_in_fan_out: false,
    });
    const [method] = readIa3().read(config);
    const again = attach(bench.one.host, method as NonNullable<typeof method>);
    expect((await again.snapshot()).config).toEqual(config);
    again.detach();
  });
});

test('states fan_in_fan_out where the files hold the matrix the other way round', () => {
  const site = { kind: 'linear', path: 'h.0.attn.c_attn', role: 'attn.q attn.k attn.v', transposed: true };
  const place = { sites: [site], modules: ['c_attn'], task: null } as unknown as Place;
  expect(ia3().config(place)).toMatchObject({ fan_in_fan_out: true, target_modules: ['h.0.attn.c_attn'] });
});

test('reads the loose ends of paths that PEFT takes feed-forward names for', async () => {
  const saved = { peft_type: 'IA3', target_modules: ['k_proj', 'down_proj'], feedforward_modules: ['n_proj'] };
  const read = () => readIa3().read(saved);
  expect(read).toThrow('feedforward has "n_proj", which is none of the targets; name it in both, or in neither');
  const [method] = readIa3().read({ ...saved, target_modules: '.*(k|down)_proj' });
  const adapter = attach(bench.one.host, method as NonNullable<typeof method>);
  expect(new Set(adapter.parameters.map((p) => p.variable.shape.join()))).toEqual(new Set(['8,1', '1,20']));
  adapter.detach();
});

test('reads a folder that leaves out which modules', async () => {
  const adapter = attach(bench.one.host, ia3());
  const saved = await adapter.snapshot();
  adapter.detach();
  const config = { ...saved.config, target_modules: null, feedforward_modules: null };
  const again = await restore(bench.one.host, { ...saved, config }, [readIa3()]);
  expect((await again.snapshot()).tensors).toEqual(saved.tensors);
  again.detach();
});

describe('a convolution', () => {
  const site = {
    kind: 'conv',
    path: 'conv',
    role: 'embed',
    inDim: 2,
    outDim: 3,
    kernel: [1, 2],
  } as unknown as ConvSite;
  const out = { feedforward: [], shape: [1, 3, 1, 1], l: [1, 2, 100] };
  const into = { feedforward: ['conv'], shape: [1, 2, 1, 1], l: [1, 10] };

  test.each([
    ['out', out, [1, 2, 3, 4, 10, 12, 14, 16, 900, 1000, 1100, 1200], [1, 20, 10000]],
    ['in', into, [1, 2, 30, 40, 5, 6, 70, 80, 9, 10, 110, 120], [1, 10, 100]],
  ] as const)(
    'scales the channels that go %s, all of their filters alike',
    (_, { feedforward, shape, l }, weight, bias) => {
      const { conv } = ia3({ targets: ['conv'], feedforward }).on;
      const [[name, spec]] = Object.entries(conv?.params(site) ?? {}) as [[string, ParamSpec]];
      expect(spec).toMatchObject({ file: 'ia3_l', shape });
      tidy(() => {
        const folded = conv?.fold?.({
          params: { [name]: tensor([...l], [...shape]) },
          weight: tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 4]),
          bias: tensor([1, 10, 100]),
        } as never) as Folded;
        expect([...folded.weight.dataSync()]).toEqual(weight);
        expect([...(folded.bias as Tensor).dataSync()]).toEqual(bias);
      });
    },
  );
});
