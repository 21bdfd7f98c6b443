import { adaptersOf, attach, type Host, type Json, type Method, restore } from '@peftjs/core';
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it, test } from 'vitest';
import { batchOf, CONTEXT, logitsOf, withModel } from '../test/tiny-model.ts';
import { fromText, fromVocabulary } from './initializers.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { multitaskPromptTuning } from './multitask-prompt-tuning.ts';
import { pTuning } from './p-tuning.ts';
import { prefixTuning } from './prefix-tuning.ts';
import { promptTuning } from './prompt-tuning.ts';
import { readMultitaskPromptTuning, readPrefixTuning, readPromptTuning, readPTuning } from './read-prompts.ts';

const bench = withModel();

const ALL: readonly ((tokens: number) => Method)[] = [
  (tokens) => prefixTuning({ tokens }),
  (tokens) => prefixTuning({ tokens, projection: {} }),
  (tokens) => promptTuning({ tokens }),
  (tokens) => pTuning({ tokens }),
  (tokens) => multitaskPromptTuning({ tokens, tasks: 2 }),
];

/** Nothing of a refused adapter is left. */
function expectRefused(host: Host, make: () => Method, message: string): void {
  const before = memory().numTensors;
  expect(() => attach(host, make())).toThrow(message);
  expect(memory().numTensors).toBe(before);
  expect(adaptersOf(host)).toEqual([]);
}

test('a size that is no whole number above 0', () => {
  for (const make of ALL) {
    for (const tokens of [0, -1, 1.5, Number.NaN])
      expect(() => make(tokens)).toThrow(`[peftjs/prefix-tuning] tokens is ${tokens}; give a whole number above 0`);
  }
  expect(() => prefixTuning({ tokens: 2, projection: { hidden: 0 } })).toThrow('hidden is 0');
  expect(() => mlp({ hidden: -3 })).toThrow('hidden is -3');
  expect(() => lstm({ layers: 0 })).toThrow('layers is 0');
  expect(() => lstm({ dropout: 1 })).toThrow('dropout is 1; give a share from 0 to below 1');
  expect(() => multitaskPromptTuning({ tokens: 2, tasks: 0 })).toThrow('tasks is 0');
  expect(() => multitaskPromptTuning({ tokens: 2, tasks: 1, ranks: 0.5 })).toThrow('ranks is 0.5');
});

test('more virtual tokens than fit into the context', () => {
  for (const make of ALL) {
    expectRefused(
      bench.model,
      () => make(CONTEXT),
      `${CONTEXT} virtual tokens leave no room in the model's context of ${CONTEXT}; give fewer`,
    );
    attach(bench.model, make(CONTEXT - 1)).detach();
  }
});

describe('a host without', () => {
  const without = (...kinds: readonly string[]): Host => ({
    ...bench.model,
    sites: () => bench.model.sites().filter(({ kind }) => !kinds.includes(kind)),
  });

  it('a sequence', () => {
    for (const make of ALL) {
      expectRefused(without('sequence'), () => make(2), 'the model has 0 sites of kind "sequence"');
      expectRefused(without('sequence', 'attention'), () => make(2), 'the model has 0 sites of kind "sequence"');
    }
  });

  it('attention, where a prefix needs it', () => {
    const host = without('attention');
    expectRefused(host, () => prefixTuning({ tokens: 2 }), 'the model has no attention for a prefix to act on');
    attach(host, promptTuning({ tokens: 2 })).detach();
  });

  it('an embedding, where the prompt is to start from tokens', () => {
    const host = without('embedding');
    for (const init of [fromVocabulary(), fromText('a', { encode: () => [1] })]) {
      const message =
        'the prompt is to start as tokens, and the model has no embedding with the role "embed"; use random';
      expectRefused(host, () => promptTuning({ tokens: 2, init }), message);
    }
    attach(host, promptTuning({ tokens: 2 })).detach();
  });
});

test('keys of several sizes', () => {
  const [other, ...rest] = bench.model.sites().filter(({ kind }) => kind === 'attention');
  const host = {
    ...bench.model,
    sites: () => [
      ...bench.model.sites().filter((s) => s !== other && !rest.includes(s)),
      { ...other, headDim: 5 },
      ...rest,
    ],
  } as Host;
  expectRefused(host, () => prefixTuning({ tokens: 2 }), 'a prefix needs one size');
});

test('tasks that are missing, too few or unknown', () => {
  const { model } = bench;
  const adapter = attach(model, multitaskPromptTuning({ tokens: 2, tasks: 3 }));
  const rows = [[1, 2], [3]];
  const before = memory().numTensors;
  const said = (tasks?: readonly number[]) => () => logitsOf(model, batchOf(rows, tasks ? { tasks } : {}));
  expect(said()).toThrow('[peftjs/prefix-tuning] the batch has no tasks; give "tasks", the number of each row\'s task');
  expect(said([1])).toThrow('the batch has 1 tasks for 2 rows; give one a row');
  expect(said([0, 3])).toThrow('a row is of task 3; there are tasks 0 to 2');
  expect(said([0, -1])).toThrow('a row is of task -1; there are tasks 0 to 2');
  expect(memory().numTensors).toBe(before);
  adapter.detach();
});

test('a strength between on and off', () => {
  const { model } = bench;
  for (const make of [ALL[0], ALL[2]] as ((tokens: number) => Method)[]) {
    const adapter = attach(model, make(2));
    adapter.strength = 0.5;
    expect(() => logitsOf(model, batchOf([[1, 2]]))).toThrow('has no strength but 1 or 0');
    adapter.strength = 0;
    expect(logitsOf(model, batchOf([[1, 2]]))[0]).toHaveLength(2);
    adapter.detach();
  }
});

describe('a configuration', () => {
  const configOf = async (method: Method) => {
    const adapter = attach(bench.model, method);
    const saved = await adapter.snapshot();
    adapter.detach();
    return saved;
  };
  const families = [readPrefixTuning(), readPromptTuning(), readPTuning(), readMultitaskPromptTuning()];

  it.for<[string, () => Method, Record<string, Json>, string]>([
    [
      'an encoder and a decoder',
      () => promptTuning({ tokens: 2 }),
      { num_transformer_submodules: 2 },
      'an encoder and a decoder; only 1 is supported',
    ],
    ["LoRA's key", () => promptTuning({ tokens: 2 }), { r: 8 }, 'asks for "r", which is not supported'],
    [
      'a key misspelled',
      () => prefixTuning({ tokens: 2 }),
      { prefix_projektion: true },
      'asks for "prefix_projektion", which is not supported; nearest: "prefix_projection"',
    ],
    [
      'no number of tokens',
      () => promptTuning({ tokens: 2 }),
      { num_virtual_tokens: null },
      'has num_virtual_tokens null; a number is needed',
    ],
    [
      'another number of tokens',
      () => promptTuning({ tokens: 2 }),
      { num_virtual_tokens: 3 },
      '"prompt_embeddings" has shape [2,8] in the adapter; the model wants [3,8]',
    ],
    [
      'an encoder misspelled',
      () => pTuning({ tokens: 2 }),
      { encoder_reparameterization_type: 'LTSM' },
      'has encoder_reparameterization_type "LTSM"; nearest: "LSTM"',
    ],
    [
      'another number of tasks',
      () => multitaskPromptTuning({ tokens: 2, tasks: 3 }),
      { num_tasks: 2 },
      '"prefix_task_cols" has shape [3,2,1] in the adapter; the model wants [2,2,1]',
    ],
    [
      'modules that are not there',
      () => promptTuning({ tokens: 2 }),
      { modules_to_save: ['lm_heat'] },
      'no site matches "lm_heat',
    ],
  ])('that says %s is refused', async ([, make, change, message]) => {
    const saved = await configOf(make());
    const before = memory().numTensors;
    const wrong = { ...saved, config: { ...saved.config, ...change } };
    await expect(restore(bench.model, wrong, families)).rejects.toThrow(message);
    expect(memory().numTensors).toBe(before);
    expect(adaptersOf(bench.model)).toEqual([]);
  });

  it('that says the default, or nothing, is read', async () => {
    const saved = await configOf(promptTuning({ tokens: 2 }));
    const { num_layers: _, num_attention_heads: __, prompt_tuning_init: ___, ...config } = saved.config;
    const more = {
      ...config,
      auto_mapping: null,
      revision: 'main',
      peft_version: '0.21.0',
      num_transformer_submodules: null,
    };
    const adapter = await restore(bench.model, { ...saved, config: more }, families);
    expect((await adapter.snapshot()).config).toEqual(saved.config);
    adapter.detach();
  });
});
