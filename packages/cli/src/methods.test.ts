import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as adapters from '@peftjs/adapters';
import type { Family } from '@peftjs/core';
import * as lora from '@peftjs/lora';
import * as orthogonal from '@peftjs/orthogonal';
import * as prefixTuning from '@peftjs/prefix-tuning';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';
import { chosenMethod, families, methodNamed, methodOption, methodOptions } from './methods.ts';

const names = methodOption.choices as readonly string[];
const tables = names.map((name) => methodNamed(name).options);

test('each file of methods/ is a method, lora the first', () => {
  const files = readdirSync(new URL('methods/', import.meta.url)).map((file) => file.replace('.ts', ''));
  expect(names.toSorted()).toEqual(files.toSorted());
  expect(names[0]).toBe('lora');
});

test('whatever the packages of methods read is read here, once', () => {
  const readers = Object.entries({ ...adapters, ...lora, ...orthogonal, ...prefixTuning }).filter(([name]) =>
    /^read[A-Z]/.test(name),
  );
  const types = readers.map(([, reader]) => (reader as () => Family)().type);
  expect(families.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
});

describe('options that methods share', () => {
  const shared = Object.keys(methodOptions).filter((name) => tables.filter((table) => name in table).length > 1);
  const complete = (values: Parameters<typeof chosenMethod>[0] & Readonly<Record<string, unknown>>) =>
    chosenMethod(values).values;

  test.each(shared)('--%s is read and described alike by all', (name) => {
    const readings = tables.flatMap(({ [name]: option }) =>
      option ? [[option.value, option.needs, option.about]] : [],
    );
    expect(new Set(readings.map(String)).size).toBe(1);
  });

  test('have the default of the method that is named', () => {
    expect(complete({})).toMatchObject({ method: 'lora', rank: 8, targets: ['all-linear'], dora: false });
    expect(complete({ method: 'loreft' })).toMatchObject({ rank: 4, first: 1, last: 1 });
    expect(complete({ method: 'loreft', rank: 2 })).toMatchObject({ rank: 2 });
    expect(complete({ method: 'ia3' })).not.toHaveProperty('rank');
    expect(complete({ full: true })).toEqual({ full: true });
  });

  test('say in the help which methods take them', () => {
    expect(methodOptions.rank?.about).toBe(
      "rank of the update, a bottleneck's width, or HRA's reflections (lora, alora, hra, loha, lokr: 8; adalora: 12; bottleneck; loreft: 4; vera: 256)",
    );
  });
});

describe('the adapters of', () => {
  let place: Workplace;
  let biased: Workplace;
  beforeAll(async () => {
    place = await makeWorkplace();
    biased = await makeWorkplace(1, { attention_bias: true });
  });
  afterAll(() => {
    place.remove();
    biased.remove();
  });

  const train = (...more: string[]) =>
    peftjs([
      ...['train', '--model', place.model, '--data', place.data, '--out', place.path('out'), '--backend', 'cpu'],
      ...['--steps', '2', '--batch-size', '2', '--eval-sequences', '1', '--restart', '--json', ...more],
    ]);
  const judge = (model: string) =>
    peftjs([
      ...['eval', '--model', model, '--adapter', place.path('out'), '--data', place.data, '--backend', 'cpu'],
      ...['--sequences', '1', '--json'],
    ]);
  const norms = [0, 1].flatMap((layer) =>
    ['input_layernorm', 'post_attention_layernorm'].map((name) => `model.layers.${layer}.${name}`),
  );

  /** Method, its options, and what is in the folder. */
  const made: [method: string, options: readonly string[], config: Readonly<Record<string, unknown>>][] = [
    [
      'lora',
      ['--lora-plus-ratio', '4', '--train-tokens', '5,11'],
      { trainable_token_indices: { 'model.embed_tokens': [5, 11] } },
    ],
    [
      'adalora',
      ['--rank', '3', '--target-rank', '1', '--alpha', '6'],
      { peft_type: 'ADALORA', init_r: 3, target_r: 1, total_step: 2 },
    ],
    ['alora', ['--rank', '2', '--invocation', ' is number'], { peft_type: 'LORA', r: 2, task_type: 'CAUSAL_LM' }],
    [
      'bitfit',
      ['--modules-to-save', 'model.norm'],
      { peft_type: 'LORA', bias: 'all', modules_to_save: ['model.norm'] },
    ],
    ['vera', ['--rank', '4', '--no-save-projection'], { peft_type: 'VERA', r: 4, save_projection: false }],
    ['loha', ['--rank', '2', '--module-dropout', '0.5'], { peft_type: 'LOHA', r: 2, alpha: 2, module_dropout: 0.5 }],
    [
      'lokr',
      ['--rank', '2', '--factor', '4', '--decompose-both'],
      { peft_type: 'LOKR', decompose_factor: 4, decompose_both: true },
    ],
    ['fourierft', ['--frequencies', '9', '--scaling', '20'], { peft_type: 'FOURIERFT', n_frequency: 9, scaling: 20 }],
    ['trainable-tokens', ['--train-tokens', '3'], { peft_type: 'TRAINABLE_TOKENS', token_indices: [3] }],
    ['layer-norm-tuning', ['--exclude', 'model.norm'], { peft_type: 'LN_TUNING', target_modules: norms }],
    [
      'oft',
      ['--block-size', '8', '--exact-cayley'],
      { peft_type: 'OFT', oft_block_size: 8, use_cayley_neumann: false },
    ],
    ['boft', ['--blocks', '4', '--targets', 'attn.q'], { peft_type: 'BOFT', boft_block_num: 4 }],
    ['hra', ['--rank', '3', '--orthogonal'], { peft_type: 'HRA', r: 3, apply_GS: true }],
    ['ia3', ['--layers', '1'], { peft_type: 'IA3', feedforward_modules: ['model.layers.1.mlp.down_proj'] }],
    [
      'bottleneck',
      ['--style', 'houlsby', '--rank', '3', '--activation', 'gelu_new', '--scaling', '0.5'],
      { peft_type: 'BOTTLENECK', style: 'houlsby', r: 3, activation: 'gelu_new', scaling: 0.5 },
    ],
    [
      'loreft',
      ['--last', '2', '--layers', '0'],
      { peft_type: 'LOREFT', r: 4, first: 1, last: 2, target_modules: ['model.layers.0'] },
    ],
  ];

  test.each(made)('%s are trained, saved and read again', async (method, options, config) => {
    const { model } = method === 'bitfit' ? biased : place;
    const on = ['--model', model, '--method', method, '--learning-rate', '0.01'];
    const { code, stderr, objects } = await train(...on, ...options);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(place.path('out/adapter_config.json'), 'utf8'))).toMatchObject(config);
    const { python, after } = objects.at(-1) as { readonly python: readonly string[]; readonly after: number };
    // Lines of Python only where PEFT has the method.
    expect(python.length > 0).toBe(!['bottleneck', 'loreft'].includes(method));
    const judged = await judge(model);
    expect(judged.stderr).toBe('');
    expect(judged.code).toBe(0);
    const { base, adapted } = judged.objects[0] as Record<'base' | 'adapted', { readonly loss: number }>;
    expect(adapted.loss).not.toBe(base.loss);
    expect(Number.isFinite(after)).toBe(true);
  });

  test('a model without biases has none of BitFit', async () => {
    const { code, stderr } = await train('--method', 'bitfit', '--out', place.path('none'));
    expect(stderr).toMatch(/the model has no biases to train; use another method/);
    expect(code).toBe(1);
    expect(existsSync(place.path('none'))).toBe(false);
  });

  const wrong: [readonly string[], RegExp][] = [
    [['--method', 'ia3', '--rank', '4'], /--rank is for --method lora or adalora or .*, not ia3; leave it out/],
    [['--style', 'houlsby'], /--style is for --method bottleneck, not lora; leave it out/],
    [['--method', 'bottleneck', '--activation', 'gelo'], /--activation is "gelo"; .*nearest: "gelu"/],
    [['--method', 'loreft', '--dora'], /--dora is for --method lora, not loreft/],
    [['--full', '--rank', '4'], /--full trains the whole model, and --rank is for what is trained beside it/],
    [['--full', '--weights', 'f16'], /--full trains the weights, which --weights f16 holds frozen/],
    [['--full', '--method', 'lora'], /--full trains the whole model, and --method is for/],
    [['--method', 'bottleneck', '--rank', '4', '--reduction', '2'], /--rank 4 and --reduction 2 both state/],
    [['--method', 'adalora', '--rank', '4'], /--target-rank is 8, over --rank 4; ranks only fall/],
    [
      ['--method', 'adalora', '--budget-settle', '2'],
      /--budget-settle 2 leave none of --steps 2 for the ranks to fall in/,
    ],
    [['--method', 'alora'], /--invocation TEXT is missing/],
    [['--method', 'trainable-tokens'], /--train-tokens IDS is missing/],
    [['--method', 'oft', '--blocks', '2', '--block-size', '8'], /--block-size 8 and --blocks 2 say the same/],
    [['--method', 'boft', '--blocks', '2', '--block-size', '8'], /--block-size 8 and --blocks 2 say the same/],
    [['--method', 'oft', '--exact-cayley', '--cayley-terms', '4'], /--exact-cayley takes no series/],
    [['--method', 'p-tuning', '--encoder-layers', '3'], /--encoder-layers is for --encoder lstm, not mlp/],
    [['--method', 'prompt', '--prompt-text', 'Hear'], /--prompt-text and --prompt-init text go together/],
  ];

  test.each(wrong)('%o are refused before anything is loaded', async (options, message) => {
    const { code, stderr } = await train('--model', 'no/such/model', '--out', place.path('none'), ...options);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(place.path('none'))).toBe(false);
  });
});
