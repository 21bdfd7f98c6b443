import type { AdapterSnapshot, Json, SavedTensor } from '@peftjs/core';
import { expect, test } from 'vitest';
import { snapshot, tensorOf } from '../../test/snapshots.ts';
import { combine } from './combine.ts';
import { cat, linear, type Rule, ties } from './rules.ts';

const LAYERS = [{ path: 'm.q', o: 4, i: 5, r: 2 }];
const KEY = 'base_model.model.m.q';
const good = snapshot(1, LAYERS);
const saying = (config: Readonly<Record<string, Json>>, more: readonly SavedTensor[] = []) =>
  snapshot(1, LAYERS, config, more);
const tensor = (key: string, ...shape: number[]): SavedTensor => ({
  key,
  shape,
  data: new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(1),
});
const having = (change: (t: SavedTensor) => readonly SavedTensor[]): AdapterSnapshot => ({
  ...good,
  tensors: good.tensors.flatMap(change),
});
const elsewhere = { ...good, provenance: { base: { name: 'big', fingerprint: 'sha256:big' } } };
const head = (size: number) => [tensor('base_model.model.head.weight', size, 5)];

const cases: [string, readonly AdapterSnapshot[], string, Rule?][] = [
  ['no adapter', [], 'there is nothing to combine; give at least one adapter'],
  [
    'another type',
    [good, saying({ peft_type: 'IA3' })],
    'adapter 2 is of type "IA3"; only LoRA adapters can be combined',
  ],
  [
    'an unknown key',
    [saying({ use_rslor: true })],
    'adapter 1 asks for "use_rslor", which cannot be combined; nearest: "use_rslora"',
  ],
  [
    'aLoRA',
    [saying({ alora_invocation_tokens: [1] })],
    'adapter 1 asks for "alora_invocation_tokens", which cannot be combined',
  ],
  [
    'a base that was changed',
    [saying({ init_lora_weights: 'pissa' })],
    'adapter 1 started with init_lora_weights "pissa", which changes the base too; merge it into the base and extract it with extractLoraBetween',
  ],
  [
    'a rank that is no number',
    [saying({ r: 'x', rank_pattern: {} })],
    'adapter 1 has "x" for a rank or an alpha; give numbers',
  ],
  [
    'another base',
    [good, elsewhere],
    'adapter 1 was made for the base "tiny" sha256:tiny, adapter 2 for "big" sha256:big; combine adapters of one base',
  ],
  [
    'other shapes',
    [good, snapshot(1, [{ path: 'm.q', o: 4, i: 6, r: 2 }])],
    '"m.q" is linear 4 x 5 in adapter 1 and linear 4 x 6 in adapter 2; combine adapters of one base',
  ],
  [
    'another kind',
    [good, snapshot(1, [{ path: 'm.q', o: 4, i: 5, r: 2, embedding: true }])],
    '"m.q" is linear 4 x 5 in adapter 1 and embedding 4 x 5 in adapter 2',
  ],
  [
    'a rank that is not the one stated',
    [saying({ rank_pattern: {}, r: 3 })],
    'adapter 1 has A [2,5] and B [4,2] at "m.q", where its configuration says rank 3',
  ],
  [
    'half a pair',
    [having((t) => (t.key.endsWith('lora_B.weight') ? [] : [t]))],
    `adapter 1 has no "${KEY}.lora_B.weight"`,
  ],
  [
    'a foreign tensor',
    [saying({}, [tensor(`${KEY}.lora_C.weight`, 1)])],
    `adapter 1 has "${KEY}.lora_C.weight", which is no tensor of LoRA; nearest: "lora_A.weight"`,
  ],
  [
    'a bias though none is trained',
    [saying({}, [tensor(`${KEY}.bias`, 4)])],
    `adapter 1 has "${KEY}.bias", which is no tensor of LoRA`,
  ],
  ['nothing of LoRA', [having(() => [])], 'adapter 1 has no tensor of LoRA'],
  [
    'NaN',
    [having((t) => [{ ...t, data: t.data.map((v, k) => (k === 1 ? Number.NaN : v)) }])],
    `adapter 1 holds NaN in "${KEY}.lora_A.weight"`,
  ],
  [
    'a shape without its numbers',
    [having((t) => [{ ...t, data: t.data.slice(1) }])],
    `adapter 1 has shape [2,5] for the 9 numbers of "${KEY}.lora_A.weight"`,
  ],
  [
    'DoRA without its magnitude',
    [saying({ use_dora: true })],
    'adapter 1 has no lora_magnitude_vector at "m.q", and use_dora is true',
  ],
  [
    'a magnitude without DoRA',
    [saying({}, [tensor(`${KEY}.lora_magnitude_vector`, 4)])],
    'adapter 1 has a lora_magnitude_vector at "m.q", and use_dora is false',
  ],
  [
    'a magnitude of another size',
    [saying({ use_dora: true }, [tensor(`${KEY}.lora_magnitude_vector`, 3)])],
    `adapter 1 has shape [3] for "${KEY}.lora_magnitude_vector"; the layer has 4 outputs`,
  ],
  [
    'ranks over the layer',
    [good, good, good],
    'the ranks at "m.q" add up to 6, over the layer\'s 4; use linear',
    cat(),
  ],
  [
    'a target that is trained whole elsewhere',
    [good, snapshot(2, [{ ...LAYERS[0]!, path: 'm.k' }], { modules_to_save: ['q'] }, [tensor(`${KEY}.weight`, 4, 5)])],
    '"m.q" is a target of one adapter and trained whole in another; leave one of them out',
  ],
  [
    'whole modules of two sizes',
    [6, 7].map((n) => saying({ modules_to_save: ['head'] }, head(n))),
    '"head.weight" is [6,5] in adapter 1 and [7,5] in adapter 2',
  ],
  [
    'whole modules that need the base',
    [saying({ modules_to_save: ['head'] }, head(6)), good],
    'the base\'s own "head.weight" counts in this combination',
    ties({ density: 1 }),
  ],
  [
    "B's bias and others",
    [
      saying({ lora_bias: true }, [tensor(`${KEY}.lora_B.bias`, 4)]),
      saying({ bias: 'lora_only' }, [tensor(`${KEY}.base_layer.bias`, 4)]),
    ],
    'lora_bias of one adapter and bias of another do not go into one; leave one out',
  ],
  [
    "B's bias and an embedding",
    [
      saying({ lora_bias: true }, [tensor(`${KEY}.lora_B.bias`, 4)]),
      snapshot(2, [{ path: 'm.e', o: 4, i: 9, r: 2, embedding: true }]),
    ],
    'lora_bias of one adapter and the embedding "m.e" of another do not go into one',
  ],
];

test.each(cases)('%s is refused before anything is computed', async (_, adapters, message, rule = linear()) => {
  const told: string[] = [];
  const parts = adapters.map((adapter) => ({ adapter, weight: 1 }));
  const run = combine(parts, rule, { onSite: ({ path }) => told.push(path) });
  await expect(run).rejects.toThrow(`[peftjs/lora] ${message}`);
  expect(told).toEqual([]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight of %d is refused', async (weight) => {
  await expect(combine([{ adapter: good, weight }], linear())).rejects.toThrow(
    `adapter 1 has the weight ${weight}; give a number`,
  );
});

test('numbers over those of float32 are refused, not saved', async () => {
  await expect(combine([{ adapter: good, weight: 1e200 }], linear())).rejects.toThrow('comes out as');
});

test('the table that PEFT saves beside an adapted embedding says nothing new', async () => {
  const layers = [{ path: 'm.e', o: 4, i: 9, r: 2, embedding: true }];
  const saved = snapshot(2, layers, {}, [tensor('base_model.model.m.e.base_layer.weight', 9, 4)]);
  const result = await combine([{ adapter: saved, weight: 1 }], cat());
  expect(result.tensors.map(({ key }) => key)).toEqual(
    ['lora_embedding_A', 'lora_embedding_B'].map((n) => `base_model.model.m.e.${n}`),
  );
  expect([...tensorOf(result, 'm.e.lora_embedding_B').data]).toEqual([...tensorOf(saved, 'm.e.lora_embedding_B').data]);
});
