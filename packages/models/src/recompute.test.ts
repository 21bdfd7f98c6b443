import { valueAndGrads } from '@peftjs/backend';
import { attach, type Method, modulesToSave } from '@peftjs/core';
import { dora, lora, noisy } from '@peftjs/lora';
import { describe, expect, test } from 'vitest';
import { batchOf, guardTensors, tinyLlama } from '../test/tiny-llama.ts';

guardTensors();
const BATCH = batchOf([
  [3, 5, 7, 2, 8],
  [4, 1, 9],
]);

const methods: [string, (() => Method | Method[]) | null][] = [
  ['LoRA', () => lora({ r: 2, init: noisy })],
  ['LoRA with dropout', () => lora({ r: 2, init: noisy, dropout: 0.3 })],
  ['DoRA with dropout', () => dora({ r: 2, init: noisy, dropout: 0.3 })],
  [
    'an embedding, a head and norms',
    () => [lora({ r: 2, init: noisy, targets: ['embed_tokens', 'v_proj'] }), modulesToSave(['lm_head', 'norm'])],
  ],
  ['the whole model', null],
];

describe.each(methods)('%s', (_, make) => {
  test('has the same loss and gradients when blocks are run again', async () => {
    const model = await tinyLlama();
    const adapter = make === null ? null : attach(model, make(), { seed: 2 });
    const variables = (adapter ?? model.parameters()).parameters.map((p) => p.variable);
    const run = (recompute: boolean) => {
      model.recompute = recompute;
      const { value, grads } = valueAndGrads(() => model.loss(BATCH, { training: true, seed: 5 }), variables);
      const values = [value, ...grads].map((t) => t && [...t.dataSync()]);
      for (const t of [value, ...grads]) t?.dispose();
      return values;
    };
    const plain = run(false);
    expect(plain.every((values) => values?.every(Number.isFinite))).toBe(true);
    expect(run(true)).toEqual(plain);
    adapter?.detach();
    model.dispose();
  });
});
