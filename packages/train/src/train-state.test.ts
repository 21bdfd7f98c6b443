import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { cast, dispose, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { collect } from './train-state.ts';

beforeAll(() => useBackend(cpu()));

test('a slot that was once boolean is collected as numbers of 32 bits', async () => {
  const flags = tensor1d([true, false, true]);
  const mask = cast(flags, 'float32');
  expect(await collect([], [[{ key: 'budget' }]], [{ mask }])).toEqual([
    { key: 'budget#mask', shape: [3], data: Float32Array.of(1, 0, 1) },
  ]);
  dispose([flags, mask]);
});
