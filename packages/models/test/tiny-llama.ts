// Small Llamas, their folders in memory, and a check that a test left no tensor behind.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type MemoryFolder, memoryFolder } from '@peftjs/checkpoint';
import { openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { CausalLM } from '../src/heads/causal-lm.ts';
import { llama } from '../src/llama/architecture.ts';
import { saveModel } from '../src/save-model.ts';
import { randomSource } from '../src/source/random-source.ts';
import type { TokenBatch } from '../src/tokens/token-input.ts';

export const CONFIG = {
  model_type: 'llama',
  vocab_size: 17,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 12,
  tie_word_embeddings: true,
};

type Json = Readonly<Record<string, unknown>>;

export function tinyLlama(more: Json = {}): Promise<CausalLM> {
  const base = { name: 'tiny', fingerprint: async () => 'sha256:tiny' };
  return llama.load({ config: { ...CONFIG, ...more }, source: randomSource(1, 0.4), base, tokenizer: null });
}

/** The folder of a tiny Llama, its files to be changed at will. */
export async function tinyFolder(more: Json = {}): Promise<Map<string, Uint8Array>> {
  const model = await tinyLlama(more);
  const folder: MemoryFolder = memoryFolder();
  await saveModel(model, folder);
  model.dispose();
  return new Map(folder.files);
}

export interface StoredTensor {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The tensors of a folder, float32. */
export async function tensorsOf(files: ReadonlyMap<string, Uint8Array>): Promise<StoredTensor[]> {
  const whole = memoryFolder(files);
  const source = await whole.open('model.safetensors');
  if (source === null) throw new Error('no model.safetensors');
  const file = await openSafetensors(source);
  const found: StoredTensor[] = [];
  for (const [name, { shape }] of file.tensors)
    found.push({ name, dtype: 'F32', shape, data: await file.readFloat32(name) });
  return found;
}

/** The files with these tensors instead. */
export function withTensors(files: ReadonlyMap<string, Uint8Array>, tensors: readonly StoredTensor[]) {
  return memoryFolder(new Map(files).set('model.safetensors', writeSafetensors(tensors)), 'a folder');
}

export function batchOf(rows: readonly (readonly number[])[], left = 0): TokenBatch {
  const t = Math.max(...rows.map((row) => row.length)) + left;
  const at = (row: readonly number[], i: number) => row[i - left];
  const flat = <T>(f: (row: readonly number[], i: number) => T) =>
    rows.flatMap((row) => Array.from({ length: t }, (_, i) => f(row, i)));
  return {
    inputIds: Int32Array.from(flat((row, i) => at(row, i) ?? 0)),
    attentionMask: Int32Array.from(flat((row, i) => (at(row, i) === undefined ? 0 : 1))),
    labels: Int32Array.from(flat((row, i) => at(row, i) ?? -100)),
    shape: [rows.length, t],
  };
}

export function logitsOf(model: CausalLM, batch: TokenBatch): Float32Array {
  const out = model.logits(batch);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

/** Call at the top of a test file. */
export function guardTensors(): void {
  let before = 0;
  beforeAll(async () => {
    await useBackend(cpu());
  });
  beforeEach(() => {
    before = memory().numTensors;
  });
  afterEach(() => expect(memory().numTensors).toBe(before));
}

export function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 2e-5): void {
  expect(actual.length).toBe(expected.length);
  let off = 0;
  for (let i = 0; i < expected.length; i++)
    off = Math.max(off, Math.abs((actual[i] as number) - (expected[i] as number)));
  expect(off).toBeLessThanOrEqual(within);
}
