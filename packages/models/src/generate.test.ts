import { attach } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { memory, type Tensor } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { batchOf, expectNear, guardTensors, logitsOf, tinyLlama } from '../test/tiny-llama.ts';
import { tinyGpt2 } from '../test/tiny-models.ts';
import { type GenerateOptions, generate, generateText } from './generate.ts';
import type { CausalLM, KeyValueCache } from './heads/causal-lm.ts';

guardTensors();
let model: CausalLM;
let make = tinyLlama;
beforeEach(async () => {
  model = await make();
});
afterEach(() => model.dispose());

async function ids(prompt: readonly number[], options: GenerateOptions = {}): Promise<number[]> {
  const found: number[] = [];
  for await (const id of generate(model, prompt, options)) found.push(id);
  return found;
}

const free = (cache: KeyValueCache) => {
  for (const t of [cache.mask, ...cache.blocks.flatMap(({ k, v }) => [k, v])]) t.dispose();
};

/** Logits of the last position when `parts` are fed one after the other. */
function stepped(parts: readonly (readonly (readonly number[])[])[], left = 0): Float32Array[] {
  let cache: KeyValueCache | null = null;
  const found: Float32Array[] = [];
  for (const [i, part] of parts.entries()) {
    const before: KeyValueCache | null = cache;
    const after: { logits: Tensor; cache: KeyValueCache } = model.step(batchOf(part, i === 0 ? left : 0), before);
    if (before !== null) free(before);
    cache = after.cache;
    found.push(after.logits.dataSync() as Float32Array);
    after.logits.dispose();
  }
  if (cache !== null) free(cache);
  return found;
}

const last = (row: readonly number[]) => logitsOf(model, batchOf([row])).slice(-17);
const TEXT = [3, 9, 1, 14, 6, 2, 11, 5, 8];

describe.each([
  ['llama', tinyLlama],
  ['gpt2', tinyGpt2],
] as const)('with a key-value cache, %s', (_, maker) => {
  beforeAll(() => {
    make = maker;
  });
  afterAll(() => {
    make = tinyLlama;
  });

  test.each([1, 2, 5, 8])('a prompt of %i tokens and then one at a time gives the logits of the whole', (n) => {
    const adapter = attach(model, lora({ r: 2, init: noisy }), { seed: 4 });
    const rest = TEXT.slice(n).map((id) => [[id]]);
    const found = stepped([[TEXT.slice(0, n)], ...rest]);
    for (const [i, logits] of found.entries()) expectNear(logits, last(TEXT.slice(0, n + i)));
    adapter.detach();
  });

  test('several tokens at a time do too', () => {
    const found = stepped([[TEXT.slice(0, 3)], [TEXT.slice(3, 5)], [TEXT.slice(5, 9)]]);
    expectNear(found.at(-1) as Float32Array, last(TEXT));
  });

  test('rows padded on the left step on as they would alone', () => {
    const found = stepped([[TEXT.slice(0, 3)], [[TEXT[3] as number]], [[TEXT[4] as number]]], 4);
    expectNear(found[0] as Float32Array, last(TEXT.slice(0, 3)));
    expectNear(found[2] as Float32Array, last(TEXT.slice(0, 5)));
  });

  test('a step that fails leaves no tensor', () => {
    const before = memory().numTensors;
    const site = model.sites().findLast((s) => s.role === 'mlp.down');
    const undo = model.wrap<'linear'>(site as never, () => {
      throw new Error('out of memory');
    });
    expect(() => model.step(batchOf([[1, 2]]), null)).toThrow('out of memory');
    undo();
    expect(memory().numTensors).toBe(before);
  });
});

describe('generate', () => {
  test('greedy: always the likeliest of the whole text so far', async () => {
    const found = await ids(TEXT.slice(0, 4), { maxNewTokens: 5 });
    expect(found).toHaveLength(5);
    const text = TEXT.slice(0, 4);
    for (const id of found) {
      const logits = last(text);
      expect(id).toBe(logits.indexOf(Math.max(...logits)));
      text.push(id);
    }
  });

  test('the seed decides what is drawn', async () => {
    const drawn = (seed: number) => ids([3], { temperature: 1.5, maxNewTokens: 10, seed });
    expect(await drawn(1)).toEqual(await drawn(1));
    expect(await drawn(1)).not.toEqual(await drawn(2));
    expect(await ids([3], { temperature: 5, topK: 1, maxNewTokens: 6 })).toEqual(await ids([3], { maxNewTokens: 6 }));
  });

  test('ends before a stop token, and where the context is full', async () => {
    const options = { temperature: 2, seed: 3 };
    const found = await ids([3, 9], options);
    expect(found).toHaveLength(12 - 2 + 1);
    const stop = found.findLast((id, i) => found.indexOf(id) === i && i > 0) as number;
    expect(await ids([3, 9], { ...options, stop: [stop] })).toEqual(found.slice(0, found.indexOf(stop)));
    expect(await ids(Array<number>(12).fill(4))).toHaveLength(1);
    expect(await ids([3], { maxNewTokens: 0 })).toEqual([]);
  });

  test('stops when it is aborted, or no longer read', async () => {
    const before = memory().numTensors;
    const controller = new AbortController();
    const found: number[] = [];
    const watch = async () => {
      for await (const id of generate(model, [3], { signal: controller.signal })) {
        found.push(id);
        if (found.length === 3) controller.abort(new Error('enough'));
      }
    };
    await expect(watch()).rejects.toThrow('enough');
    expect(found).toHaveLength(3);
    for await (const _ of generate(model, [3])) break;
    expect(memory().numTensors).toBe(before);
  });

  test('holds no more tensors for a longer text', async () => {
    const counts: number[] = [];
    for await (const _ of generate(model, [3], { maxNewTokens: 8 })) counts.push(memory().numTensors);
    expect(new Set(counts).size).toBe(1);
  });

  test('refuses bad input', async () => {
    await expect(ids([])).rejects.toThrow('[peftjs/models] the prompt has no tokens; give at least one');
    await expect(ids(Array<number>(13).fill(4))).rejects.toThrow(
      "the prompt has 13 tokens, more than the model's context of 12",
    );
    for (const [options, message] of [
      [{ temperature: -1 }, 'the temperature is -1; give 0 or more'],
      [{ temperature: Number.NaN }, 'the temperature is NaN'],
      [{ temperature: 1, topP: 0 }, 'topP is 0; give a share above 0 and up to 1'],
      [{ temperature: 1, topK: 0.5 }, 'topK is 0.5; give 1 or more'],
    ] as const)
      await expect(ids([3], options)).rejects.toThrow(`[peftjs/models] ${message}`);
    await expect(generateText(model, 'hello')).rejects.toThrow('this model came without tokenizer.json');
  });
});

test('a batch over the context is refused', () => {
  const long = batchOf([Array<number>(13).fill(1)]);
  const message = "[peftjs/models] 13 tokens are more than the model's context of 12; shorten the text, or split it";
  expect(() => model.logits(long)).toThrow(message);
  expect(() => model.loss(long)).toThrow(message);
  const { inputIds, attentionMask, shape } = batchOf([[1, 2]]);
  expect(() => model.loss({ inputIds, attentionMask, shape })).toThrow('the batch has no labels');
});
