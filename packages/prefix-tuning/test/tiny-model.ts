// A Llama of two blocks with room for prompts, on the cpu backend, and what it says of a batch.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { Context } from '@peftjs/core';
import { type CausalLM, INFERENCE, type TokenBatch } from '@peftjs/models';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { tinyLlama } from '../../models/test/tiny-llama.ts';

export const CONTEXT = 24;
export const VOCAB = 17;

/** A model for each test, and a check that the test left no tensor behind. */
export function withModel(): { readonly model: CausalLM } {
  let model: CausalLM;
  let before = 0;
  beforeAll(async () => {
    await useBackend(cpu());
  });
  beforeEach(async () => {
    before = memory().numTensors;
    model = await tinyLlama({ max_position_embeddings: CONTEXT });
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

/** Rows as one batch, each padded on the side given. */
export function batchOf(
  rows: readonly (readonly number[])[],
  { pad = 'right', tasks }: { readonly pad?: 'left' | 'right'; readonly tasks?: readonly number[] } = {},
): TokenBatch & { readonly labels: Int32Array } {
  const t = Math.max(...rows.map((row) => row.length));
  const flat = rows.flatMap((row) => {
    const padding = Array.from({ length: t - row.length }, () => null);
    return pad === 'left' ? [...padding, ...row] : [...row, ...padding];
  });
  return {
    inputIds: Int32Array.from(flat, (id) => id ?? 0),
    attentionMask: Int32Array.from(flat, (id) => (id === null ? 0 : 1)),
    labels: Int32Array.from(flat, (id) => id ?? -100),
    shape: [rows.length, t],
    ...(tasks && { tasks: Int32Array.from(tasks) }),
  };
}

/** Logits [row][position]. */
export function logitsOf(model: CausalLM, batch: TokenBatch, ctx: Context = INFERENCE): number[][][] {
  const out = model.logits(batch, ctx);
  const values = out.arraySync() as number[][][];
  out.dispose();
  return values;
}

/** Numbers equal to within float32's rounding. */
export function expectNear(actual: readonly number[], expected: readonly number[], within = 2e-5): void {
  expect(actual.length).toBe(expected.length);
  const off = actual.reduce((most, v, i) => Math.max(most, Math.abs(v - (expected[i] as number))), 0);
  expect(off).toBeLessThanOrEqual(within);
}
