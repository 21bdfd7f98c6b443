// Deltas on a model whose weights lie where the backend keeps them, in several storages.
import { type Backend, largestTensor } from '@peftjs/backend';
import { dense, type Storage } from '@peftjs/core';
import { type CausalLM, loadModel } from '@peftjs/models';
import { asStored, bf16, f16, fp4, int4, int8, nf4 } from '@peftjs/quantization';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../../models/test/tiny-llama.ts';
import { loadDelta } from '../src/load-delta.ts';
import { baseOf, deltaOf, type FileDtype, variantOf } from './variants-of.ts';

/**
 * Bytes: fewer than the embedding and the output [160, 8] have in float32, more than any other tensor of these models. Of fewer
 * than a thousand numbers tfjs would compute on the processor, where nothing is too large.
 */
export const LESS_THAN_AN_EMBEDDING = 2600;

const TOKENS = batchOf([[40, 3, 47]]);

export type DeltaCase = readonly [string, Storage, FileDtype];

/** Those that differ in what a backend does with them. */
export const SOME_STORAGES: readonly DeltaCase[] = [
  ['f32', dense, 'F16'],
  ['f16', f16(), 'F16'],
  ['nf4', nf4({ doubleQuantization: true }), 'F16'],
];

export const ALL_STORAGES: readonly DeltaCase[] = [
  ...SOME_STORAGES,
  ['bf16', bf16(), 'BF16'],
  ['int8', int8(), 'BF16'],
  ['int4', int4({ group: 32 }), 'F16'],
  ['asymmetric int4', int4({ group: 32, asymmetric: true }), 'F32'],
  ['fp4', fp4(), 'F32'],
  ['what the file has', asStored(), 'BF16'],
];

export function describeDeltas(backend: Backend, storages: readonly DeltaCase[]): void {
  describeOn(backend, 'a delta on a loaded model', () => {
    describe.for(storages)('in %s', ([, weights, dtype]) => {
      leakGuard();
      it('makes it the tuned one, bit for bit, and the base again', async () => {
        const base = await baseOf('llama', dtype, { vocab_size: 160, tie_word_embeddings: false });
        const tuned = await variantOf(base, 'tuned');
        const wanted = await loadModel(tuned, { weights });
        const expected = await read(wanted);
        wanted.dispose();
        const model = await loadModel(base, { weights });
        const before = await read(model);
        const inParts = Object.values(before.values).filter(({ length }) => length > 1);
        expect(inParts).toHaveLength(largestTensor() < Number.POSITIVE_INFINITY ? 2 : 0);
        expect(before.logits).not.toEqual(expected.logits);
        const delta = await loadDelta(model, await deltaOf(base, tuned));
        delta.apply();
        expect(await read(model)).toEqual(expected);
        delta.takeOff();
        expect(await read(model)).toEqual(before);
        delta.dispose();
        model.dispose();
      });
    });
  });
}

/** The logits, and what it holds, each part of a matrix for itself. */
async function read(model: CausalLM) {
  const values: Record<string, Float32Array[]> = {};
  for (const { name, held } of model.stored()) {
    const tensors = 'encode' in held ? (held.parts ?? [held]).map((part) => part.read()) : [held.clone()];
    values[name] = (await Promise.all(tensors.map((t) => t.data()))) as Float32Array[];
    for (const t of tensors) t.dispose();
  }
  const out = model.logits(TOKENS);
  const logits = await out.data();
  out.dispose();
  return { values, logits };
}
