import { attach, modulesToSave } from '@peftjs/core';
import { llama, randomSource } from '@peftjs/models';
import { constant, train } from '@peftjs/train';
import { expect, test } from 'vitest';
import { withHost } from '../../core/test/with-host.ts';
import { dora } from './dora.ts';
import { noisy } from './initializers.ts';
import { lora } from './lora.ts';
import { loraPlus } from './lora-plus.ts';

const bench = withHost();

test('B and vectors count more often, tables as often as they are told, as in PEFT', () => {
  const methods = [dora({ r: 2, targets: ['up_proj', 'embed_tokens'] }), modulesToSave(['lm_head'])];
  const adapter = attach(bench.host, methods);
  const rates = loraPlus({ ratio: 8, tables: 0.5 });
  const found = Object.fromEntries(
    adapter.parameters.map((p) => [p.key.replace(/.*(layers\.1|embed_tokens|lm_head)\./, '$1 '), rates(p)]),
  );
  expect(found).toMatchObject({
    'embed_tokens lora_embedding_A': 0.5,
    'embed_tokens lora_embedding_B': 0.5,
    'embed_tokens lora_magnitude_vector': 8,
    'layers.1 mlp.up_proj.lora_A.weight': 1,
    'layers.1 mlp.up_proj.lora_B.weight': 8,
    'layers.1 mlp.up_proj.lora_magnitude_vector': 8,
    'lm_head weight': 1,
  });
  adapter.detach();
});

test('a step moves B so many times as far', async () => {
  const model = await llama.load({
    config: {
      vocab_size: 11,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 8,
    },
    source: randomSource(4, 0.4),
    base: { name: 'tiny', fingerprint: async () => 'sha256:tiny' },
    tokenizer: null,
  });
  const ids = Int32Array.from([1, 5, 2, 9, 3, 10]);
  const batch = { inputIds: ids, attentionMask: ids.map(() => 1), labels: ids, shape: [1, 6] as const };
  const moves = async (rates: ReturnType<typeof loraPlus>) => {
    const adapter = attach(model, lora({ r: 2, targets: ['q_proj'], init: noisy }), { seed: 1 });
    const values = () => adapter.parameters.map((p) => p.variable.dataSync().slice());
    const before = values();
    const options = { learningRate: 1e-3, steps: 1, schedule: constant, rates };
    for await (const _ of train(model, { size: 1, get: () => batch }, options));
    const moved = values().map((now, i) => Math.max(...now.map((v, k) => Math.abs(v - (before[i]?.[k] as number)))));
    adapter.detach();
    return moved;
  };
  const [a, b] = (await moves(() => 1)) as [number, number];
  const [fastA, fastB] = (await moves(loraPlus({ ratio: 4 }))) as [number, number];
  expect(fastA).toBe(a);
  expect(fastB / b).toBeCloseTo(4, 2);
  model.dispose();
});

test.each([
  [{ ratio: 0 }, '[peftjs/lora] ratio is 0; give a number above 0'],
  [{ ratio: Number.NaN }, 'ratio is NaN'],
  [{ tables: -1 }, 'tables is -1'],
])('%o is refused', (options, message) => {
  expect(() => loraPlus(options)).toThrow(message);
});
