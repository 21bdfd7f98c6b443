import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, merge } from '@peftjs/core';
import { llama, randomSource } from '@peftjs/models';
import { dispose, memory, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { alora, wokenAt } from './alora.ts';
import { noisy } from './initializers.ts';
import { pissa } from './matrix-initializers.ts';
import { readLora } from './read-lora.ts';

let before = 0;
beforeAll(async () => {
  await useBackend(cpu());
});
beforeEach(() => {
  before = memory().numTensors;
});
afterEach(() => expect(memory().numTensors).toBe(before));

const tiny = () =>
  llama.load({
    config: {
      vocab_size: 11,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 8,
    },
    source: randomSource(4, 0.4),
    base: { name: 'tiny', fingerprint: async () => 'sha256:tiny' },
    tokenizer: null,
  });
const batchOf = (ids: readonly number[], b = 1) => ({
  inputIds: Int32Array.from(ids),
  attentionMask: new Int32Array(ids.length).fill(1),
  shape: [b, ids.length / b] as const,
});
const read = (x: Tensor): number[] => {
  const values = [...x.dataSync()];
  x.dispose();
  return values;
};

test('the last invocation of a row wakes it, whole and once', () => {
  const tokens = (ids: number[]) => ({
    ids: Int32Array.from(ids),
    mask: new Int32Array(),
    shape: [1, ids.length] as const,
    past: 0,
  });
  expect(wokenAt(tokens([3, 4, 1, 3, 4, 2]), 0, [3, 4])).toBe(3);
  expect(wokenAt(tokens([3, 3, 1]), 0, [3, 4])).toBe(3);
  expect(wokenAt(tokens([1, 2, 3]), 0, [3, 4])).toBe(3);
  expect(wokenAt(tokens([4]), 0, [3, 4])).toBe(1);
});

test('what comes before is the base, bit for bit, and steps from a cache stay awake', () => {
  const ids = [5, 6, 3, 4, 9, 2];
  return tiny().then((model) => {
    const plain = read(model.logits(batchOf(ids)));
    const start = model.step(batchOf(ids.slice(0, 2)), null);
    start.logits.dispose();
    const adapter = attach(model, alora({ r: 2, invocation: [3, 4], init: noisy }), { seed: 2 });
    const woken = read(model.logits(batchOf(ids)));
    expect(woken.slice(0, 2 * 11)).toEqual(plain.slice(0, 2 * 11));
    expect(woken.slice(2 * 11, 3 * 11)).not.toEqual(plain.slice(2 * 11, 3 * 11));
    // From a cache with the invocation in it, each step is awake.
    const caches = [start.cache];
    let { cache, logits } = model.step(batchOf(ids.slice(0, 4)), null);
    const steps = [read(logits)];
    caches.push(cache);
    for (const id of ids.slice(4)) {
      ({ cache, logits } = model.step(batchOf([id]), cache));
      caches.push(cache);
      steps.push(read(logits));
    }
    const expected = [3, 4, 5].flatMap((at) => woken.slice(11 * at, 11 * (at + 1)));
    for (const [k, y] of steps.flat().entries()) expect(y).toBeCloseTo(expected[k] as number, 5);
    for (const { blocks, mask } of caches) {
      mask.dispose();
      for (const { k, v } of blocks) dispose([k, v]);
    }
    adapter.detach();
    model.dispose();
  });
});

test('a file is read, and what cannot be is an error that says what to do', async () => {
  const model = await tiny();
  const adapter = attach(model, alora({ r: 2, invocation: [3, 4] }));
  const saved = await adapter.snapshot();
  expect(saved.config).toMatchObject({ alora_invocation_tokens: [3, 4], task_type: 'CAUSAL_LM' });
  expect(readLora().read(saved.config)[0]?.config({ sites: [], model: [], modules: null, task: null })).toMatchObject({
    alora_invocation_tokens: [3, 4],
  });
  await expect(merge(adapter)).rejects.toThrow('cannot be merged');
  adapter.detach();
  expect(() => alora({ invocation: [3], init: pissa })).toThrow('init "pissa" changes the base');
  expect(() => alora({ invocation: [] })).toThrow('the invocation is []; give at least one token id');
  expect(() => readLora().read({ ...saved.config, use_dora: true })).toThrow('beside use_dora or a bias');
  model.dispose();
});
