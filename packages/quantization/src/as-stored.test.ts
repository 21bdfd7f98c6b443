import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { FileMatrix } from '@peftjs/core';
import { leakGuard } from '@peftjs/testing/suites';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenBlocks } from '../../gguf/test/golden-file.ts';
import { asStored } from './as-stored.ts';
import { bf16 } from './half.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

async function matrixOf(dtype: string, change?: (bytes: Uint8Array) => void) {
  const { bytes: found, shape, values } = await goldenBlocks(dtype);
  const [outDim, inDim] = shape;
  const bytes = found.slice();
  change?.(bytes);
  const asked: string[] = [];
  const matrix: FileMatrix = {
    name: 'layer.weight',
    outDim,
    inDim,
    dtype,
    async bytes() {
      asked.push('bytes');
      return bytes;
    },
    async rows(first, count) {
      asked.push(`rows ${first}, ${count}`);
      return values.slice(first * inDim, (first + count) * inDim);
    },
  };
  return { matrix, asked, values };
}

// What is held, and that it is the file's to the last bit, stands in the suite of storages, for every backend.
describe('what a file has is taken', () => {
  leakGuard();

  it.each(['Q4_0', 'Q4_1', 'Q8_0', 'Q4_K', 'F16', 'BF16'])('%s from its bytes alone', async (dtype) => {
    const { matrix, asked, values } = await matrixOf(dtype);
    const weight = await asStored().load?.(matrix);
    expect(asked).toEqual(['bytes']);
    const read = weight?.read();
    expect(read?.dataSync()).toEqual(values);
    read?.dispose();
    weight?.dispose();
  });

  it.each(['F32', 'Q5_0', 'Q6_K'])('%s as float32', async (dtype) => {
    const { matrix, asked, values } = await matrixOf(dtype);
    const weight = await asStored().load?.(matrix);
    expect([asked, weight?.bytes]).toEqual([['rows 0, 3'], 4 * values.length]);
    weight?.dispose();
  });

  it('Q6_K in another storage, where one is given', async () => {
    const { matrix, values } = await matrixOf('Q6_K');
    const weight = await asStored(bf16()).load?.(matrix);
    expect(weight?.bytes).toBe(2 * values.length);
    weight?.dispose();
  });

  it('and what no file has is float32', () => {
    const weight = asStored()(Float32Array.of(1, 2, 3, 4), 2, 2);
    expect(weight.bytes).toBe(16);
    weight.dispose();
  });

  it.each([
    ['Q4_0', 18 * 16, [0x00, 0x7c], 'an infinity', '[1, 0]'],
    ['Q4_1', 20 * 3 + 2, [0x01, 0xfe], 'NaN', '[0, 96]'],
    ['Q8_0', 34 * 47, [0x00, 0xfc], 'an infinity', '[2, 480]'],
    ['Q4_K', 144 * 3 + 2, [0x00, 0x7c], 'an infinity', '[1, 256]'],
  ] as const)('a scale of %s that is no number is refused', async (dtype, at, code, what, place) => {
    const { matrix } = await matrixOf(dtype, (bytes) => bytes.set(code, at));
    await expect(asStored().load?.(matrix)).rejects.toThrow(
      `[peftjs/quantization] "layer.weight" holds ${what} as the scale of a block at ${place}; repair the file`,
    );
  });
});
