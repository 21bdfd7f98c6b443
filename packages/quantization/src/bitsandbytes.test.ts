// Folders that transformers and bitsandbytes wrote: the same logits of the same codes, and adapters over them.
import { readFileSync } from 'node:fs';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import type { FileMatrix } from '@peftjs/core';
import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { leakGuard } from '@peftjs/testing/suites';
import { beforeAll, describe, expect, it } from 'vitest';
import { asStored } from './as-stored.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { f16 } from './half.ts';

const folderOf = (kind: string) => new URL(`../../../golden/storages/llama-${kind}`, import.meta.url).pathname;

beforeAll(async () => {
  await useBackend(wasm({ threads: 1 }));
});

describe.each(['nf4', 'fp4'])('a folder in %s', (kind) => {
  leakGuard();

  it.each([bitsandbytes, asStored])(
    'is read as its codes by %o, and gives the logits of transformers',
    async (storage) => {
      const { inputIds, logits } = JSON.parse(readFileSync(`${folderOf(kind)}/expected.json`, 'utf8')) as {
        readonly inputIds: readonly number[];
        readonly logits: readonly number[];
      };
      const model = await loadModel(folderOf(kind), { weights: storage() });
      const adapter = attach(model, lora({ r: 2, targets: ['q_proj'] }));
      const out = model.logits({
        inputIds: Int32Array.from(inputIds),
        attentionMask: new Int32Array(inputIds.length).fill(1),
        shape: [1, inputIds.length],
      });
      expect(relativeError(out.dataSync(), logits)).toBeLessThanOrEqual(TOLERANCES.logits);
      const up = model.sites().find((site) => site.path.endsWith('up_proj'));
      const bytes = up && 'weight' in up ? up.weight.bytes : 0;
      expect(bytes).toBeLessThan(0.75 * 128 * 64 + 1200);
      out.dispose();
      adapter.detach();
      model.dispose();
    },
  );

  it('is refused by any other storage, with what it needs', async () => {
    for (const options of [{}, { weights: f16() }]) {
      await expect(loadModel(folderOf(kind), options)).rejects.toThrow(
        /q_proj.weight" holds codes \(U8\), beside .*"\.quant_map".*{ weights: bitsandbytes\(\) }/,
      );
    }
  });
});

describe('a matrix', () => {
  const state = { quant_type: 'nf4', blocksize: 64, dtype: 'float32', shape: [2, 64] };
  const matrixOf = (changed: object, inDim = 64): FileMatrix => ({
    ...{ name: 'layer.weight', outDim: 2, inDim, dtype: 'U8', bytes: async () => new Uint8Array(inDim) },
    rows: async () => new Float32Array(),
    companion: async (suffix) => {
      if (suffix === '.quant_map') return new Uint8Array(64);
      const text = JSON.stringify({ ...state, ...changed });
      return suffix === '.quant_state.bitsandbytes__nf4' ? new TextEncoder().encode(text) : null;
    },
  });

  it.each([
    ['is of a matrix [4,32], and config.json asks for [2, 64]', matrixOf({ shape: [4, 32] })],
    ['has blocks of 64 that run on from one row of 96 to the next', matrixOf({ shape: [2, 96] }, 96)],
    ['has scales in blocks of 128; only 256 are read', matrixOf({ nested_blocksize: 128 })],
    ["has another table than nf4's; quantize it again", matrixOf({})],
  ])('that %s is refused by name', async (what, matrix) => {
    await expect(bitsandbytes().load?.(matrix)).rejects.toThrow(`"layer.weight" of bitsandbytes ${what}`);
  });
});
