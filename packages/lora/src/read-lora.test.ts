import { attach, type Json, modulesToSave, restore } from '@peftjs/core';
import { add } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { biases, bitfit } from './biases.ts';
import { dora } from './dora.ts';
import { gaussian, noisy } from './initializers.ts';
import { lora } from './lora.ts';
import { olora, pissa } from './matrix-initializers.ts';
import type { LoraOptions } from './options.ts';
import { readLora } from './read-lora.ts';

const NOWHERE = { sites: [], model: [], modules: null, task: null };

const bench = withHost();
const family = readLora(pissa, olora);
const minimal = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['up_proj'] };
const reading = (more: Readonly<Record<string, Json>>) => () => readLora().read({ ...minimal, ...more });

/** As `adapter_config.json` has it after PEFT 0.21 has saved a LoRA with nothing but its defaults. */
const UNTOUCHED = {
  alora_invocation_tokens: null,
  arrow_config: null,
  auto_mapping: null,
  base_model_name_or_path: 'tiny',
  bias: 'none',
  corda_config: null,
  ensure_weight_tying: false,
  eva_config: null,
  exclude_modules: null,
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  layer_replication: null,
  layers_pattern: null,
  layers_to_transform: null,
  loftq_config: {},
  lora_alpha: 8,
  lora_bias: false,
  lora_dropout: 0.0,
  megatron_config: null,
  megatron_core: 'megatron.core',
  modules_to_save: null,
  peft_type: 'LORA',
  peft_version: '0.21.0',
  qalora_group_size: 16,
  r: 8,
  rank_pattern: {},
  alpha_pattern: {},
  revision: null,
  target_modules: ['up_proj'],
  target_parameters: null,
  task_type: 'CAUSAL_LM',
  trainable_token_indices: null,
  use_dora: false,
  use_qalora: false,
  use_rslora: false,
};

test('reads what PEFT writes', () => {
  const [method, ...others] = readLora().read(UNTOUCHED);
  expect(others).toEqual([]);
  expect(method?.config(NOWHERE)).toMatchObject({ r: 8, lora_alpha: 8, bias: 'none' });
});

test('alpha is 8 where a file leaves it out, whatever the rank: the default there', () => {
  const { lora_alpha: _, ...rest } = minimal;
  expect(readLora().read(rest)[0]?.config(NOWHERE)).toMatchObject({ r: 4, lora_alpha: 8 });
});

const given: [string, LoraOptions][] = [
  ['ranks and scales', { r: 2, alpha: 3, rankPattern: { up_proj: 3 }, alphaPattern: { down_proj: 7 }, rslora: true }],
  ['targets', { r: 2, targets: ['up_proj', 'down_proj'], exclude: ['layers.0.mlp.up_proj'] }],
  ['layers', { r: 2, targets: ['up_proj'], layers: [1], layersPattern: 'layers' }],
  ['layers of all-linear', { r: 2, layers: [1] }],
  ['expressions', { r: 2, targets: /.*(up|down)_proj/, exclude: '.*\\.1\\..*up_proj' }],
  ['biases and dropout', { r: 2, bias: 'lora_only', dropout: 0.25, init: noisy }],
  ['a table', { r: 2, targets: ['embed_tokens', 'up_proj'], init: gaussian }],
  ['pissa', { r: 2, init: pissa }],
  ['olora', { r: 2, init: olora }],
];

describe.each(given)('%s', (_, options) => {
  test.each([lora, dora])('come back from a snapshot: %o', async (make) => {
    const { host } = bench;
    const methods = [make(options), modulesToSave(['lm_head'])];
    const adapter = attach(host, methods, { seed: 3 });
    for (const { variable } of adapter.parameters) {
      const moved = add(variable, 0.1);
      variable.assign(moved);
      moved.dispose();
    }
    const before = bench.output();
    const snapshot = await adapter.snapshot();
    adapter.detach();
    // Through JSON, as it will be on disk.
    const config = JSON.parse(JSON.stringify(snapshot.config));
    const again = await restore(host, { ...snapshot, config }, [family], { seed: 4 });
    expectClose(bench.output(), before, 1e-5);
    expect(await again.snapshot()).toEqual(snapshot);
    again.detach();
  });
});

describe('refused rather than left out', () => {
  const cases: [Readonly<Record<string, Json>>, string][] = [
    [{ use_qalora: true, use_dora: true }, '[peftjs/lora] adapter_config.json has use_qalora beside use_dora'],
    [{ use_qalora: true, bias: 'lora_only' }, 'has use_qalora beside use_dora, alora_invocation_tokens or a bias'],
    [{ target_parameters: ['x'] }, '"target_parameters", which is not supported'],
    [{ eva_config: { rho: 2 } }, 'asks for "eva_config"'],
    [{ corda_config: { corda_method: 'ipm' } }, 'asks for "corda_config"'],
    [{ loftq_config: { loftq_bits: 4 } }, 'asks for "loftq_config"'],
    [{ layer_replication: [[0, 2]] }, 'asks for "layer_replication"'],
    [{ use_rslor: true }, '"use_rslor", which is not supported; nearest: "use_rslora"'],
    [
      { init_lora_weights: 'gausian' },
      'init_lora_weights "gausian"; read it with readLora(…) and that initializer; nearest: "gaussian"',
    ],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights "pissa"; read it with readLora(…)'],
    [{ bias: 'al' }, 'adapter_config.json has bias "al"; nearest: "all"'],
    [{ use_dora: true, lora_bias: true }, 'has lora_bias beside use_dora; PEFT has no such adapter'],
    [{ bias: 'all', lora_bias: true }, 'has lora_bias beside bias "all"'],
    [{ lora_dropout: 1 }, 'dropout is 1'],
  ];
  test.each(cases)('%o', (more, message) => {
    expect(reading(more)).toThrow(message);
  });
  test('unless they say nothing', () => {
    for (const value of [null, false, {}, []]) expect(reading({ some_new_config: value })).not.toThrow();
    expect(reading({ init_lora_weights: 'gaussian' })).not.toThrow();
    expect(reading({ init_lora_weights: false })).not.toThrow();
  });
});

test('one layer may be a number', () => {
  const [method] = readLora().read({ ...minimal, layers_to_transform: 1 });
  expect(method?.targets.layers).toEqual([1]);
});

describe('bias: all', () => {
  test('trains the biases of targets and of all other layers, and comes back', async () => {
    const adapter = attach(bench.host, [
      lora({ r: 2, targets: ['layers.0.mlp.up_proj'], bias: 'lora_only' }),
      biases(),
    ]);
    const names = adapter.parameters.filter((p) => p.key.includes('bias')).map((p) => p.key.replace(/.*layers/, ''));
    expect(names).toEqual(['.0.mlp.up_proj.base_layer.bias', '.1.mlp.up_proj.bias']);
    const snapshot = await adapter.snapshot();
    expect(snapshot.config.bias).toBe('all');
    adapter.detach();
    const again = await restore(bench.host, snapshot, [family]);
    expect(await again.snapshot()).toEqual(snapshot);
    again.detach();
  });

  test('is nothing where a model has no biases, as in PEFT', async () => {
    const options = { r: 2, targets: ['down_proj'], bias: 'lora_only' } as const;
    const where = { ...biases().targets, where: () => false };
    const adapter = attach(bench.host, [lora(options), { ...biases(), targets: where }]);
    expect(adapter.parameters.every((p) => p.key.includes('lora_'))).toBe(true);
    adapter.detach();
  });
});

describe('BitFit', () => {
  test('is LoRA on no layers to PEFT, and comes back', async () => {
    const adapter = attach(bench.host, [bitfit(), modulesToSave(['layers.1.mlp.up_proj'])], { seed: 3 });
    const snapshot = await adapter.snapshot();
    expect(snapshot.config).toMatchObject({
      peft_type: 'LORA',
      bias: 'all',
      target_modules: 'dummy-target-modules',
      modules_to_save: ['layers.1.mlp.up_proj'],
    });
    const keys = snapshot.tensors.map(({ key }) => key.replace('base_model.model.model.layers.', ''));
    expect(keys.toSorted()).toEqual(['0.mlp.up_proj.bias', '1.mlp.up_proj.bias', '1.mlp.up_proj.weight']);
    adapter.detach();
    const again = await restore(bench.host, snapshot, [family]);
    expect(await again.snapshot()).toEqual(snapshot);
    again.detach();
  });

  test('takes what PEFT writes twice of a module that is trained whole', async () => {
    const methods = [bitfit(), modulesToSave(['layers.1.mlp.up_proj'])];
    const adapter = attach(bench.host, methods);
    const snapshot = await adapter.snapshot();
    adapter.detach();
    const bias = snapshot.tensors.find(({ key }) => key.endsWith('1.mlp.up_proj.bias'));
    const twice = ['modules_to_save', 'original_module'].map((name) => ({
      ...(bias as NonNullable<typeof bias>),
      key: `base_model.model.model.layers.1.mlp.up_proj.${name}.bias`,
    }));
    const again = await restore(bench.host, { ...snapshot, tensors: [...snapshot.tensors, ...twice] }, [family]);
    expect(await again.snapshot()).toEqual(snapshot);
    again.detach();
  });

  test('says when there is nothing to train', () => {
    const without = { ...bench.host, sites: () => [bench.host.embedding, bench.host.site('lm_head')] };
    expect(() => attach(without, bitfit())).toThrow('[peftjs/lora] the model has no biases to train');
    expect(reading({ target_modules: 'dummy-target-modules' })).toThrow('without bias "all"; it trains nothing');
  });
});
