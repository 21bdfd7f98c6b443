import { valueAndGrads } from '@peftjs/backend';
import { attach, type Method, modulesToSave } from '@peftjs/core';
import { dora, lora, noisy } from '@peftjs/lora';
import { describe, expect, test } from 'vitest';
import { guardTensors } from '../test/tiny-llama.ts';
import { TINY } from '../test/tiny-models.ts';

guardTensors();

const methods: [string, (() => Method | Method[]) | null][] = [
  ['LoRA with dropout', () => lora({ r: 2, init: noisy, dropout: 0.3 })],
  ['DoRA with dropout', () => dora({ r: 2, init: noisy, dropout: 0.3 })],
  [
    'an embedding and norms',
    () => [lora({ r: 2, init: noisy, targets: ['embed', 'attn.v'] }), modulesToSave(['attn.norm', 'mlp.norm'])],
  ],
  ['the whole model', null],
];

describe.each(Object.entries(TINY))('%s', (_, { open }) => {
  test.each(methods)('%s has the same loss and gradients when blocks are run again', async (_name, make) => {
    const { model, loss } = await open();
    const adapter = make === null ? null : attach(model, make(), { seed: 2 });
    const variables = (adapter ?? model.parameters()).parameters.filter((p) => p.trainable).map((p) => p.variable);
    const run = (recompute: boolean) => {
      model.recompute = recompute;
      const { value, grads } = valueAndGrads(() => loss({ training: true, seed: 5 }), variables);
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
