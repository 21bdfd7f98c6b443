// A small Llama with adapters, and batches for it.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type CausalLM, llama, randomSource, type TokenBatch } from '@peftjs/models';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Batches } from '../src/learner.ts';

const CONFIG = {
  model_type: 'llama',
  vocab_size: 17,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 16,
  tie_word_embeddings: true,
};

export function tinyModel(): Promise<CausalLM> {
  const base = { name: 'tiny', fingerprint: async () => 'sha256:tiny' };
  return llama.load({ config: CONFIG, source: randomSource(1, 0.3), base, tokenizer: null });
}

/** A batch whose rows have these lengths, padded on the right; the rows count on from `first`. */
export function rows(first: number, lengths: readonly number[]): TokenBatch & { readonly labels: Int32Array } {
  const t = Math.max(...lengths);
  const at = <T>(f: (row: number, i: number) => T) =>
    lengths.flatMap((_, row) => Array.from({ length: t }, (_, i) => f(row, i)));
  const real = (row: number, i: number) => i < (lengths[row] as number);
  const id = (row: number, i: number) => (5 * (first + row) + 3 * i * (i + 1)) % 17;
  return {
    inputIds: Int32Array.from(at((row, i) => (real(row, i) ? id(row, i) : 0))),
    attentionMask: Int32Array.from(at((row, i) => (real(row, i) ? 1 : 0))),
    labels: Int32Array.from(at((row, i) => (real(row, i) ? id(row, i) : -100))),
    shape: [lengths.length, t],
  };
}

/** Batches of two rows each; other ones in each epoch. */
export function batches(size: number): Batches<TokenBatch> {
  return { size, get: (epoch, index) => rows(2 * (epoch * size + index), [6, 4]) };
}

/** A model on the cpu backend for each test, and a check that the test left no tensor behind. */
export function withModel(): { readonly model: CausalLM } {
  let model: CausalLM;
  let before = 0;
  beforeAll(async () => {
    await useBackend(cpu());
  });
  beforeEach(async () => {
    before = memory().numTensors;
    model = await tinyModel();
  });
  afterEach(() => {
    model.dispose();
    expect(memory().numTensors).toBe(before);
  });
  return {
    get model() {
      return model;
    },
  };
}
