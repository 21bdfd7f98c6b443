import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { storeMatrix } from '@peftjs/core';
import { int8, nf4 } from '@peftjs/quantization';
import { expect, test } from 'vitest';
import { storageOf } from './weights-options.ts';

test('embeddings and output may be held in other codes than all others', async () => {
  await useBackend(cpu());
  const values = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
  const storage = await storageOf({ weights: 'nf4-double', embeddings: 'int8' });
  if (!storage) throw new Error('it names no storage');
  const held = async (role: string) => {
    const matrix = { name: role, role, outDim: 2, inDim: 64, dtype: 'F32' };
    const weight = await storeMatrix(storage, {
      ...matrix,
      bytes: async () => new Uint8Array(values.buffer),
      rows: async (first, count) => values.slice(first * 64, (first + count) * 64),
    });
    const read = weight.read();
    const numbers = await read.data<'float32'>();
    read.dispose();
    weight.dispose();
    return numbers;
  };
  for (const role of ['embed', 'head']) expect(await held(role)).toEqual(int8().rounded?.(values, 2, 64));
  expect(await held('mlp.down')).toEqual(nf4({ doubleQuantization: true }).rounded?.(values, 2, 64));
});
