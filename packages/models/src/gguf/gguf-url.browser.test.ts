// A GGUF file that a server has, in a page.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { expect, it } from 'vitest';
import { loadModel } from '../load-model.ts';

it('is loaded from its URL, tokenizer and all', async () => {
  await useBackend(cpu());
  const model = await loadModel(new URL('/docs/data/tiny.gguf', location.href).href);
  const inputIds = Int32Array.from(model.tokenizer?.encode('Hello, world!') ?? []);
  const out = model.logits({ inputIds, attentionMask: inputIds.map(() => 1), shape: [1, inputIds.length] });
  expect(out.shape).toEqual([1, inputIds.length, 320]);
  expect((await out.data()).every(Number.isFinite)).toBe(true);
  out.dispose();
  model.dispose();
});
