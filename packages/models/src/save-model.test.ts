import { memoryFolder } from '@peftjs/checkpoint';
import { attach, merge, modulesToSave } from '@peftjs/core';
import { lora, loraWithBias, noisy } from '@peftjs/lora';
import { fill } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { batchOf, expectNear, guardTensors, logitsOf, tensorsOf, tinyLlama } from '../test/tiny-llama.ts';
import { loadModel } from './load-model.ts';
import { saveModel } from './save-model.ts';

guardTensors();
const BATCH = batchOf([
  [3, 5, 7, 2],
  [4, 1, 9],
]);
const configOf = (folder: { files: ReadonlyMap<string, Uint8Array> }) =>
  JSON.parse(new TextDecoder().decode(folder.files.get('config.json')));

describe.each([true, false])('tied %s', (tied) => {
  test('F32 comes back bit for bit, halves to within their rounding', async () => {
    const model = await tinyLlama({ tie_word_embeddings: tied, attention_bias: true, mlp_bias: true });
    const expected = logitsOf(model, BATCH);
    for (const [dtype, name, within] of [
      ['F32', 'float32', 0],
      ['F16', 'float16', 0.02],
      ['BF16', 'bfloat16', 0.2],
    ] as const) {
      const folder = memoryFolder();
      const count = await saveModel(model, folder, { dtype });
      expect(configOf(folder)).toMatchObject({ tie_word_embeddings: tied, dtype: name });
      const stored = await tensorsOf(folder.files);
      expect(stored.reduce((n, t) => n + t.data.length, 0)).toBe(count);
      expect(stored.some((t) => t.name === 'lm_head.weight')).toBe(!tied);
      const again = await loadModel(folder);
      expectNear(logitsOf(again, BATCH), expected, within);
      again.dispose();
    }
    model.dispose();
  });
});

test('a merged embedding unties the output, in the configuration too', async () => {
  const model = await tinyLlama();
  const adapter = attach(model, [
    lora({ r: 2, init: noisy, targets: ['embed_tokens', 'q_proj'] }),
    modulesToSave(['v_proj']),
  ]);
  for (const { variable, key } of adapter.parameters) {
    if (!key.endsWith('embedding_A')) continue;
    const moved = fill(variable.shape, 0.1);
    variable.assign(moved);
    moved.dispose();
  }
  const apart = logitsOf(model, BATCH);
  await merge(adapter, { probe: () => model.logits(BATCH), final: true });
  const folder = memoryFolder();
  await saveModel(model, folder);
  model.dispose();
  expect(configOf(folder).tie_word_embeddings).toBe(false);
  const again = await loadModel(folder);
  expectNear(logitsOf(again, BATCH), apart);
  again.dispose();
});

test('an old configuration does not go on claiming the old type', async () => {
  const model = await tinyLlama({ torch_dtype: 'bfloat16' });
  const folder = memoryFolder();
  await saveModel(model, folder, { dtype: 'F16' });
  expect(configOf(folder)).not.toHaveProperty('torch_dtype');
  model.dispose();
});

describe('what cannot be saved', () => {
  test('a number that is none or too large is named, and what was there stays', async () => {
    const model = await tinyLlama();
    const folder = memoryFolder([['config.json', new Uint8Array([1])]]);
    const norm = model.sites().find((s) => s.kind === 'norm');
    if (norm?.kind !== 'norm') throw new Error('no norm');
    for (const [value, dtype, message] of [
      [1e5, 'F16', 'layernorm.weight" holds 100000, which F16 cannot; save as F32'],
      [Number.NaN, 'F32', 'layernorm.weight" holds NaN, which F32 cannot; nothing was saved'],
    ] as const) {
      const wrong = fill([norm.dim], value);
      norm.gamma.assign(wrong);
      wrong.dispose();
      await expect(saveModel(model, folder, { dtype })).rejects.toThrow(message);
      expect([...folder.files.keys()]).toEqual(['config.json']);
    }
    model.dispose();
  });

  test('a bias where the architecture has none is refused when it is merged', async () => {
    const model = await tinyLlama();
    const adapter = attach(model, loraWithBias({ r: 2, init: noisy, targets: ['q_proj'] }));
    const apart = logitsOf(model, BATCH);
    await expect(merge(adapter)).rejects.toThrow(
      '[peftjs/models] "model.layers.0.self_attn.q_proj" has no bias in this model, and cannot be given one',
    );
    expect(logitsOf(model, BATCH)).toEqual(apart);
    adapter.detach();
    model.dispose();
  });
});
