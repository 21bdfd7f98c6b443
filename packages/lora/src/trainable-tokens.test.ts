import { attach, modulesToSave, restore } from '@peftjs/core';
import { ones } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { lora } from './lora.ts';
import { readLora } from './read-lora.ts';
import { readTrainableTokens } from './read-trainable-tokens.ts';
import { trainableTokens } from './trainable-tokens.ts';

const bench = withHost();
const EMBED = 'base_model.model.model.embed_tokens';
const HEAD = 'base_model.model.lm_head';
const VOCAB = 9;

/** Sets every trained row to ones. */
function fill(adapter: ReturnType<typeof attach>): void {
  for (const { key, variable } of adapter.parameters) {
    if (!key.includes('tokens_delta')) continue;
    const values = ones(variable.shape);
    variable.assign(values);
    values.dispose();
  }
}

test('writes the rows under the table and under the head that shares it, as PEFT', async () => {
  const adapter = attach(bench.host, trainableTokens({ tokens: [4, 2] }));
  const { config, tensors } = await adapter.snapshot();
  const table = bench.host.embedding.weight.read();
  const rows = table.arraySync() as number[][];
  table.dispose();
  expect(config).toMatchObject({ token_indices: [4, 2], target_modules: ['model.embed_tokens'], init_weights: true });
  expect(tensors.map(({ key }) => key)).toEqual([`${EMBED}.trainable_tokens_delta`, `${HEAD}.trainable_tokens_delta`]);
  for (const { data, shape } of tensors) {
    expect(shape).toEqual([2, 4]);
    expect([...data]).toEqual([rows[4], rows[2]].flat());
  }
  adapter.detach();
});

test('beside LoRA it writes them once, and the tables with their tokens', async () => {
  const adapter = attach(bench.host, [
    lora({ r: 1, targets: ['up_proj'] }),
    trainableTokens({ tokens: [4], withLora: true }),
  ]);
  const saved = await adapter.snapshot();
  expect(saved.config).toMatchObject({ peft_type: 'LORA', trainable_token_indices: { 'model.embed_tokens': [4] } });
  expect(saved.config).not.toHaveProperty('token_indices');
  const keys = saved.tensors.map(({ key }) => key).filter((key) => !key.includes('lora_'));
  expect(keys).toEqual([`${EMBED}.token_adapter.trainable_tokens_delta`]);
  adapter.detach();
  const again = await restore(bench.host, saved, [readLora()]);
  expect(await again.snapshot()).toEqual(saved);
  again.detach();
});

test('replaces what the table and the head give for its tokens, and nothing else', () => {
  const plain = bench.output();
  const adapter = attach(bench.host, trainableTokens({ tokens: [8, 2] }));
  expectClose(bench.output(), plain);
  fill(adapter);
  const changed = bench.output();
  // The rows are ids 1, 2, 3 and 4, 5, 6: each position stands for itself.
  for (let position = 0; position < 6; position++) {
    for (let id = 0; id < VOCAB; id++) {
      const k = position * VOCAB + id;
      const isTouched = position === 1 || id === 8 || id === 2;
      if (isTouched) expect(changed[k]).not.toBe(plain[k]);
      else expect(changed[k]).toBe(plain[k]);
    }
  }
  adapter.detach();
  expect(bench.output()).toEqual(plain);
});

test('leaves a head alone that has a table of its own', async () => {
  const adapter = attach(bench.host, [trainableTokens({ tokens: [1] }), modulesToSave(['lm_head'])]);
  const keys = adapter.parameters.map(({ key }) => key);
  expect(keys).toContain(`${EMBED}.trainable_tokens_delta`);
  expect(adapter.attachments.filter(({ method }) => method.type === 'TRAINABLE_TOKENS')).toHaveLength(1);
  adapter.detach();
});

describe('reads', () => {
  const minimal = { peft_type: 'TRAINABLE_TOKENS', token_indices: [3, 1], target_modules: 'model.embed_tokens' };
  const beside = { peft_type: 'LORA', r: 1, target_modules: ['up_proj'] };
  const NOWHERE = { sites: [], model: [], modules: null, task: null };
  test('what PEFT writes', () => {
    const [method, ...others] = readTrainableTokens().read({ ...minimal, inference_mode: true, init_weights: true });
    expect(others).toEqual([]);
    const place = { ...NOWHERE, model: bench.host.sites() };
    expect(method?.config(place)).toEqual({
      token_indices: [3, 1],
      target_modules: ['model.embed_tokens'],
      init_weights: true,
    });
  });

  test('both forms beside LoRA', () => {
    const place = { ...NOWHERE, model: bench.host.sites() };
    for (const indices of [[3, 1], { embed_tokens: [3, 1] }]) {
      const [, tokens] = readLora().read({ ...beside, trainable_token_indices: indices });
      expect(tokens?.config(place)).toEqual({ trainable_token_indices: { 'model.embed_tokens': [3, 1] } });
    }
    for (const nothing of [null, {}]) {
      expect(readLora().read({ ...beside, trainable_token_indices: nothing })).toHaveLength(1);
    }
  });

  test('nothing else', () => {
    const read = (more: object) => () => readTrainableTokens().read({ ...minimal, ...more });
    expect(read({ token_indices: null })).toThrow('has token_indices null; a list of ids is needed');
    expect(read({ r: 3 })).toThrow('asks for "r"');
    expect(() => readLora().read({ ...beside, trainable_token_indices: { a: [1], b: [2] } })).toThrow('that differ');
    expect(() => readLora().read({ ...beside, trainable_token_indices: { a: 1 } })).toThrow('a list of ids is needed');
  });
});

test('refuses what are no tokens of the table', () => {
  expect(() => trainableTokens({ tokens: [] })).toThrow(
    '[peftjs/lora] tokens is empty; give the ids of those to train',
  );
  expect(() => trainableTokens({ tokens: [1, 2, 1] })).toThrow('tokens has 1; give ids from 0 on, each once');
  expect(() => trainableTokens({ tokens: [-1] })).toThrow('tokens has -1');
  expect(() => attach(bench.host, trainableTokens({ tokens: [3, 9] }))).toThrow(
    '[peftjs/core] TRAINABLE_TOKENS cannot act on "model.embed_tokens": token 9 is beyond its 9 rows',
  );
  expect(() => attach(bench.host, trainableTokens({ tokens: [3], targets: ['embed_token'] }))).toThrow(
    'no site matches "embed_token"; nearest: "embed_tokens"',
  );
  expect(() => attach(bench.host, trainableTokens({ tokens: [3], targets: ['layers.0.mlp.up_proj'] }))).toThrow(
    'it has a bias',
  );
});
