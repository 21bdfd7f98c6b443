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
import { backend, type KernelBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { inFile } from '../test/in-file.ts';
import { asStored } from './as-stored.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { nf4 } from './four-bit.ts';
import { f16 } from './half.ts';
import { int8 } from './integers.ts';

const folderOf = (kind: string) => new URL(`../../../golden/storages/llama-${kind}`, import.meta.url).pathname;

beforeAll(async () => {
  await useBackend(wasm({ threads: 1 }));
});

describe.each(['nf4', 'fp4', 'int8'])('a folder in %s', (kind) => {
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
      expect(bytes).toBeLessThan((kind === 'int8' ? 1.1 : 0.75) * 128 * 64 + 1200);
      out.dispose();
      adapter.detach();
      model.dispose();
    },
  );

  it('is refused by any other storage, with what it needs', async () => {
    for (const options of [{}, { weights: f16() }]) {
      await expect(loadModel(folderOf(kind), options)).rejects.toThrow(
        /q_proj.weight" holds codes \([UI]8\).*{ weights: bitsandbytes\(\) }/,
      );
    }
  });
});

describe('a matrix', () => {
  const state = { quant_type: 'nf4', blocksize: 64, dtype: 'float32', shape: [2, 64] };
  const matrixOf = (changed: object, inDim = 64): FileMatrix => ({
    ...{ name: 'layer.weight', outDim: 2, inDim, dtype: 'U8', bytes: async () => new Uint8Array(inDim) },
    rows: async () => new Float32Array(),
    companion: async (name) => {
      if (name === 'weight.quant_map') return new Uint8Array(64);
      const text = JSON.stringify({ ...state, ...changed });
      return name === 'weight.quant_state.bitsandbytes__nf4' ? new TextEncoder().encode(text) : null;
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

describe('a number that is none', () => {
  leakGuard();
  const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
  const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);
  const text = (json: string) => new TextEncoder().encode(json);
  const nested = nf4({ doubleQuantization: true });

  it.each([
    [nf4(), 'weight.absmax', floats(1, 2, 3, Number.NaN, 5, 6, 7, 8), 'holds NaN at [3] of "weight.absmax"'],
    [
      nested,
      'weight.nested_absmax',
      floats(Number.POSITIVE_INFINITY),
      'holds Infinity at [0] of "weight.nested_absmax"',
    ],
    [int8(), 'SCB', floats(1, Number.NEGATIVE_INFINITY), 'holds -Infinity at [1] of "SCB"'],
    [int8(), 'SCB', floats(1), 'needs 512 bytes of codes and 8 of "SCB", found 512 of codes and 4 of "SCB"'],
    [int8(), 'weight_format', Uint8Array.of(2), 'has its codes in format 2; only rows, 0, are read'],
    [nested, 'weight.quant_state.bitsandbytes__nf4', text('{"nested_offset": NaN}'), 'has a state that is no JSON'],
  ])('%o, "%s": is refused by name and place', async (storage, part, bytes, what) => {
    const weight = storage(values, 2, 256);
    const matrix = (await inFile(weight, { [part]: bytes })) as FileMatrix;
    await expect(bitsandbytes().load?.(matrix)).rejects.toThrow(
      `[peftjs/quantization] "layer.weight" of bitsandbytes ${what}`,
    );
    weight.dispose();
  });
});

it('what the backend cannot hold is refused by name', async () => {
  const weight = nf4()(new Float32Array(64), 1, 64);
  const matrix = { ...((await inFile(weight)) as FileMatrix), name: 'up.weight' };
  const write = vi.spyOn(backend() as KernelBackend, 'write').mockImplementation(() => {
    throw new Error('out of memory');
  });
  onTestFinished(() => write.mockRestore());
  const numbers = { ...matrix, dtype: 'F32', rows: async () => new Float32Array(64) };
  for (const load of [bitsandbytes().load?.(matrix), nf4().load?.(numbers), bitsandbytes().load?.(numbers)]) {
    await expect(load).rejects.toThrow('"up.weight" cannot be held in this storage: out of memory');
  }
  weight.dispose();
});
