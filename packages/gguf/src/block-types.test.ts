import { openSafetensors } from '@peftjs/safetensors';
import { expect, test } from 'vitest';
import { goldenFile } from '../test/golden-file.ts';
import { BLOCK_TYPES } from './block-types.ts';
import { openGguf } from './open-gguf.ts';

const file = await openGguf(await goldenFile('blocks.gguf'));
const expected = await openSafetensors(await goldenFile('blocks.safetensors'));
const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

test('the golden file has every type that is read', () => {
  const read = BLOCK_TYPES.filter(({ decode }) => decode !== undefined);
  expect(new Set(file.tensors.keys())).toEqual(new Set(read.map(({ name }) => name)));
});

test.each([...file.tensors.keys()])('%s is read as the package gguf reads it, bit for bit', async (name) => {
  const values = await file.readFloat32(name);
  expect(bits(values)).toEqual(bits(await expected.readFloat32(name)));
  expect(file.tensors.get(name)?.shape).toEqual(expected.tensors.get(name)?.shape);
});

test.each([...file.tensors.keys()])('%s is read from any element to any other', async (name) => {
  const whole = await file.readFloat32(name);
  const places = [0, 1, 9, 31, 32, 33, 255, 256, 257, 700, whole.length - 1, whole.length].filter(
    (at) => at <= whole.length,
  );
  for (const from of places)
    for (const to of places.filter((at) => at >= from))
      expect(bits(await file.readFloat32(name, from, to))).toEqual(bits(whole.slice(from, to)));
  await expect(file.readFloat32(name, 1, whole.length + 1)).rejects.toThrow(
    `[peftjs/gguf] blocks.gguf: tensor "${name}" has ${whole.length} elements; 1 to ${whole.length + 1} were asked for`,
  );
});
