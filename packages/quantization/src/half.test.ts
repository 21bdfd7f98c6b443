import { memoryMeter, useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { type FileMatrix, inParts, type Storage } from '@peftjs/core';
import { leakGuard } from '@peftjs/testing/suites';
import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bf16, f16 } from './half.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

interface Given {
  readonly dtype?: string;
  readonly codes?: readonly number[];
  readonly values?: readonly number[];
  readonly offset?: number;
}

/** A file's matrix that remembers what it was asked for. */
function fileMatrix(outDim: number, inDim: number, { dtype = 'F32', codes = [], values = [], offset = 0 }: Given) {
  const asked: string[] = [];
  const matrix: FileMatrix = {
    name: 'layer.weight',
    outDim,
    inDim,
    dtype,
    async bytes() {
      asked.push('bytes');
      const whole = new Uint8Array(2 * codes.length + offset);
      whole.set(new Uint8Array(Uint16Array.from(codes).buffer), offset);
      return whole.subarray(offset);
    },
    async rows(first, count) {
      asked.push(`rows ${first}, ${count}`);
      return Float32Array.from(values.slice(first * inDim, (first + count) * inDim));
    },
  };
  return { matrix, asked };
}

async function loaded(storage: Storage, matrix: FileMatrix): Promise<number[]> {
  const weight = await (storage.load as NonNullable<Storage['load']>)(matrix);
  const read = weight.read();
  const values = [...read.dataSync()];
  read.dispose();
  weight.dispose();
  return values;
}

describe('loading', () => {
  leakGuard();

  it.each([
    ['F16', f16, [0x3c00, 0xc000, 0x0001, 0x7bff], [1, -2, 2 ** -24, 65504]],
    ['BF16', bf16, [0x3f80, 0xc000, 0x0001, 0x7f7f], [1, -2, 2 ** -133, (2 - 2 ** -7) * 2 ** 127]],
  ])('takes the bytes of a file in %s as they are', async (dtype, storage, codes, values) => {
    for (const offset of [0, 2, 4]) {
      const { matrix, asked } = fileMatrix(2, 2, { dtype, codes, offset });
      expect(await loaded(storage(), matrix)).toEqual(values);
      expect(asked).toEqual(['bytes']);
    }
    const odd = fileMatrix(4, 1, { dtype, codes, offset: 2 });
    expect(await loaded(storage(), odd.matrix)).toEqual(values);
  });

  it('reads any other file a part at a time', async () => {
    const { matrix, asked } = fileMatrix(3, 2, { dtype: 'BF16', values: [1, 2, 3, 4, 5, 6] });
    expect(await loaded(f16(), matrix)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual(['rows 0, 3']);
    const wide = fileMatrix(5, 1 << 21, { values: [] });
    const weight = await f16().load?.({
      ...wide.matrix,
      async rows(_, n) {
        wide.asked.push(`${n}`);
        return new Float32Array(n << 21);
      },
    });
    weight?.dispose();
    expect(wide.asked).toEqual(['2', '2', '1']);
  });

  it.each([
    ['F16', f16, 0x7c00, 'an infinity'],
    ['F16', f16, 0xfe00, 'NaN'],
    ['BF16', bf16, 0xff80, 'an infinity'],
    ['BF16', bf16, 0x7fc1, 'NaN'],
  ])('refuses a file in %s that holds %s', async (dtype, storage, code, what) => {
    const { matrix } = fileMatrix(2, 2, { dtype, codes: [0, 0, 0, code] });
    await expect(loaded(storage(), matrix)).rejects.toThrow(
      `[peftjs/quantization] "layer.weight" holds ${what} at [1, 1]; repair the file`,
    );
  });

  it('names the place in the whole of what is loaded in parts', async () => {
    const { matrix } = fileMatrix(6, 2, { values: Array.from({ length: 12 }, (_, i) => (i === 9 ? 7e4 : i)) });
    await expect(inParts(f16(), 2 * 4 * 2).load?.(matrix)).rejects.toThrow('"layer.weight" holds 70000 at [4, 1]');
    const codes = Array.from({ length: 12 }, (_, i) => (i === 9 ? 0x7c00 : 0));
    const file = fileMatrix(6, 2, { dtype: 'F16', codes });
    await expect(inParts(f16(), 2 * 4 * 2).load?.(file.matrix)).rejects.toThrow('holds an infinity at [4, 1]');
  });

  it('refuses what is too large, and says where it fits', async () => {
    const { matrix } = fileMatrix(2, 2, { values: [1, 2, -7e4, 4] });
    await expect(loaded(f16(), matrix)).rejects.toThrow(
      '[peftjs/quantization] "layer.weight" holds -70000 at [1, 0], which f16 cannot; f16 ends at 65504: use bf16() or float32',
    );
    expect(await loaded(bf16(), matrix)).toEqual([1, 2, -70144, 4]);
  });
});

describe('a weight', () => {
  leakGuard();

  it('refuses numbers that are none', () => {
    expect(() => f16()(Float32Array.of(1, Number.NaN), 1, 2)).toThrow(
      '[peftjs/quantization] a matrix [1, 2] holds NaN at [0, 1], which f16 cannot; repair it',
    );
    const weight = f16()(Float32Array.of(1, 2), 1, 2);
    const large = tensor([[1, 1e6]]);
    expect(() => weight.encode(large)).toThrow(
      '[peftjs/backend] a matrix [1, 2] holds 1000000 at [0, 1], which f16 cannot; keep it in float32',
    );
    large.dispose();
    weight.dispose();
  });

  it('holds two bytes a number, and a word more for a row that is odd', () => {
    const before = memoryMeter().bytes;
    const even = bf16()(new Float32Array(6 * 8), 6, 8);
    expect([even.bytes, memoryMeter().bytes - before]).toEqual([96, 96]);
    const odd = bf16()(new Float32Array(6 * 7), 6, 7);
    expect([odd.bytes, memoryMeter().bytes - before]).toEqual([96, 192]);
    even.dispose();
    odd.dispose();
  });
});
