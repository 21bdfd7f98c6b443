// The suite of storages on those that the repository has.
import { type Backend, emptyArrays, type Packing, valueAndGrads } from '@peftjs/backend';
import { type Folder, memoryFolder } from '@peftjs/checkpoint';
import { attach, dense, type FileMatrix, inParts, type Storage, type Weight } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { loadModel, saveModel } from '@peftjs/models';
import { asStored, bf16, bitsandbytes, f16, fp4, int4, int8, nf4, packedStorage } from '@peftjs/quantization';
import type { ByteSource } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { describeOn, describeWeight, leakGuard } from '@peftjs/testing/suites';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { goldenBlocks } from '../../gguf/test/golden-file.ts';
import { onDisk } from './repository.ts';

/** A packing whose form no backend knows: a byte a number, and a scale for each row. */
const bytes: Packing = {
  name: 'bytes of a test',
  arrays: (outDim, inDim) => ({
    codes: { shape: [outDim, Math.ceil(inDim / 4)], dtype: 'int32' },
    scales: { shape: [outDim], dtype: 'float32' },
  }),
  encoder(outDim, inDim) {
    const made = emptyArrays(bytes, outDim, inDim);
    const at = new Int8Array(made.codes.buffer);
    return {
      encode(rows, first) {
        for (let r = 0; r < rows.length / inDim; r++) {
          const row = rows.subarray(r * inDim, (r + 1) * inDim);
          const scale = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127;
          (made.scales as Float32Array)[first + r] = scale;
          const start = (first + r) * 4 * Math.ceil(inDim / 4);
          for (const [k, v] of row.entries()) at[start + k] = Math.round(v / scale);
        }
        return -1;
      },
      finish: () => made,
    };
  },
  decode({ codes, scales }, row, out) {
    const at = new Int8Array(codes.buffer, codes.byteOffset, 4 * codes.length);
    const start = row * 4 * Math.ceil(out.length / 4);
    for (const k of out.keys()) out[k] = (at[start + k] as number) * (scales?.[row] as number);
  },
};

/**
 * @param readsAtOnce whether the backend can compute with a packing that it has no decoder for
 * @param open opens the repository's folders; on the disk when left out
 */
export function describeStorages(backend: Backend, readsAtOnce = true, open = onDisk): void {
  describeOn(backend, 'storages', () => {
    describeWeight('dense', dense);
    // Half of the last bit, of 11 bits and of 8.
    describeWeight('f16', f16(), { tolerance: 2 ** -11 });
    describeWeight('bf16', bf16(), { tolerance: 2 ** -8 });
    describeWeight('f16 in parts', inParts(f16(), 1 << 14), { tolerance: 2 ** -11, shapes: [[130, 64]] });

    // Half of the widest gap between levels, beside the largest number; half the range's fifteenth.
    const gaps: Readonly<Record<string, readonly [Storage, number]>> = {
      nf4: [nf4({ doubleQuantization: true }), 0.16],
      fp4: [fp4(), 0.17],
      int4: [int4({ group: 32 }), 0.13],
      'int4, asymmetric': [int4({ asymmetric: true }), 0.07],
      int8: [int8(), 1 / 254],
      'int8 in groups': [int8({ group: 32 }), 1 / 254],
    };
    const tried = Object.entries(gaps).slice(0, readsAtOnce ? 6 : 1);
    describe.for(tried)('%s under a model whose output is its embedding', ([, [storage]]) => {
      leakGuard();
      it('gives what its numbers give in float32, with the gradients of an adapter', () =>
        expectSameModel(storage, open('golden/cases/embedding-tied/base')));
    });
    for (const [name, [storage, tolerance]] of tried) {
      describeWeight(name, storage, {
        tolerance,
        shapes: [
          [1, 1],
          [17, 3],
          [64, 130],
        ],
      });
    }

    it.each(['nf4', 'fp4', 'int8'])(
      'a folder that bitsandbytes wrote in %s is written again, byte for byte',
      async (kind) => {
        const folder = open(`golden/storages/llama-${kind}`);
        const model = await loadModel(folder, { weights: bitsandbytes() });
        const written = memoryFolder();
        await saveModel(model, written);
        model.dispose();
        const file = (await folder.open('model.safetensors')) as ByteSource;
        const [own, theirs] = [written.files.get('model.safetensors'), await file.read(0, file.size)];
        expect([own?.length, theirs.findIndex((byte, i) => byte !== own?.[i])]).toEqual([file.size, -1]);
      },
    );

    const own = packedStorage(bytes, { advice: 'use float32' });
    if (readsAtOnce) describeWeight('a packing that no backend knows', own, { tolerance: 1 / 254 });
    else {
      it('a storage of which it has no decoder is refused by name', () => {
        const weight = own(Float32Array.of(1, 2), 1, 2);
        expect(() => weight.read()).toThrow('no shader decodes "bytes of a test"; use float32 weights');
        weight.dispose();
      });
    }

    describe('every number that 16 bits can say is kept, bit for bit', () => {
      it('f16', () => expectKept(f16(), everyFloat16(), 1024));
      it('bf16', () => expectKept(bf16(), everyBfloat16(), 256));
    });

    it.each([
      ['Q4_0', 20 / 32],
      ['Q4_1', 24 / 32],
      ['Q8_0', 36 / 32],
      ['Q4_K', 24 / 32],
      ['Q6_K', 4],
    ])('%s of a GGUF file is held in %f bytes a number, bit for bit', async (dtype, each) => {
      const { bytes, shape, values } = await goldenBlocks(dtype, open('golden/gguf'));
      const [outDim, inDim] = shape;
      const rows = async (first: number, n: number) => values.slice(first * inDim, (first + n) * inDim);
      const weight = await asStored().load?.({ name: dtype, outDim, inDim, dtype, bytes: async () => bytes, rows });
      const levels = dtype.startsWith('Q4') ? 64 : 0;
      expect(weight?.bytes).toBe(values.length * each + levels);
      await expectNumbers(weight as Weight, values);
    });
  });
}

async function expectKept(storage: Storage, values: Float32Array, columns: number): Promise<void> {
  await expectNumbers(storage(values, values.length / columns, columns), values);
}

async function expectNumbers(weight: Weight, values: Float32Array): Promise<void> {
  const read = weight.read();
  const found = (await read.data()) as Float32Array;
  read.dispose();
  weight.dispose();
  const bits = (x: Float32Array) => new Int32Array(x.buffer, x.byteOffset, x.length);
  expect(bits(found).findIndex((one, k) => one !== bits(values)[k])).toBe(-1);
}

/** Every finite one: sign, exponent, fraction. */
function everyFloat16(): Float32Array {
  const found: number[] = [];
  for (const sign of [1, -1])
    for (let e = 0; e < 31; e++)
      for (let f = 0; f < 1024; f++)
        found.push(sign * (e === 0 ? f / 1024 : 1 + f / 1024) * 2 ** (Math.max(e, 1) - 15));
  return Float32Array.from(found);
}

/** Every finite float32 whose lower half is zero. */
function everyBfloat16(): Float32Array {
  const bits = Array.from({ length: 0x10000 }, (_, code) => code << 16);
  return new Float32Array(Int32Array.from(bits).buffer).filter(Number.isFinite);
}

/** A storage's numbers in float32. */
function unpacked(storage: Storage): Storage {
  const read = (weight: Weight): Weight => {
    const values = weight.read();
    const held = dense(values);
    values.dispose();
    weight.dispose();
    return held;
  };
  const load = async (matrix: FileMatrix) => read(await (storage.load as NonNullable<Storage['load']>)(matrix));
  return Object.assign((...matrix: Parameters<Storage>) => read(storage(...matrix)), { load });
}

async function expectSameModel(storage: Storage, base: Folder): Promise<void> {
  const inputIds = Int32Array.from({ length: 12 }, (_, k) => 3 + ((k * 5) % 20));
  const batch = { inputIds, attentionMask: inputIds.map(() => 1), labels: inputIds, shape: [2, 6] } as const;
  const found: Float32Array[][] = [];
  for (const weights of [storage, unpacked(storage)]) {
    const model = await loadModel(base, { weights });
    const adapter = attach(model, lora({ r: 2, init: noisy }), { seed: 5 });
    const { value, grads } = valueAndGrads(
      () => model.loss(batch, { training: true, seed: 0 }),
      adapter.parameters.map(({ variable }) => variable),
    );
    const made = [model.logits(batch), value, ...(grads as Tensor[])];
    found.push((await Promise.all(made.map((t) => t.data()))) as Float32Array[]);
    dispose(made);
    adapter.detach();
    model.dispose();
  }
  const [packed, whole] = found as [Float32Array[], Float32Array[]];
  for (const [k, values] of packed.entries())
    expect(relativeError(values, whole[k] as Float32Array)).toBeLessThanOrEqual(
      TOLERANCES[k === 0 ? 'logits' : 'gradient'],
    );
}
