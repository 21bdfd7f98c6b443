// Kernels that give wrong numbers in tfjs as shipped, shown on the shipped kernel and repaired.
import { useBackend, valueAndGrads } from '@peftjs/backend';
import { cast, maxPool, memory, sum, type Tensor, type Tensor4D, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { runShipped } from '../../test/shipped-kernels.ts';
import { wasm } from '../wasm.ts';

const values = (x: Tensor | null | undefined) => [...((x as Tensor).dataSync() as Float32Array)];

beforeAll(async () => {
  await useBackend(wasm({ threads: 1 }));
});

it('a cast to bool gives 0 and 1; shipped, it gives the low byte', () => {
  tidy(() => {
    const x = tensor([0, 2, -1, 0.5]);
    expect(values(runShipped('Cast', { x }, { dtype: 'bool' })[0])).not.toEqual([0, 1, 1, 1]);
    expect(values(cast(x, 'bool'))).toEqual([0, 1, 1, 1]);
    expect(values(cast(cast(x, 'bool'), 'float32'))).toEqual([0, 1, 1, 1]);
    expect(values(cast(tensor([-1.5, 2.5]), 'int32'))).toEqual([-1, 2]);
  });
});

it('the sum of nothing is 0; shipped, it is whatever was in memory', () => {
  tidy(() => {
    tensor(new Float32Array(64).fill(7)).dispose();
    const x = zeros([0, 64]);
    expect(values(runShipped('Sum', { x }, { axis: [0], keepDims: false })[0])).not.toEqual(new Array(64).fill(0));
    tensor(new Float32Array(64).fill(7)).dispose();
    expect(values(sum(x, 0))).toEqual(new Array(64).fill(0));
    expect(sum(x, 0, true).shape).toEqual([1, 64]);
    expect(sum(zeros([0, 3], 'int32'), 0).dtype).toBe('int32');
    expect(values(sum(zeros([0])))).toEqual([0]);
  });
});

it('the gradient of maxPool reaches a maximum below 0; shipped, it is lost', () => {
  const before = memory().numTensors;
  tidy(() => {
    const input = tensor([-3, -1, 2, 1, -2, -4, 3, 0], [1, 2, 4, 1]) as Tensor4D;
    const dy = tensor([10, 20], [1, 1, 2, 1]);
    const attrs = { filterSize: [2, 2], strides: [2, 2], pad: 'valid' };
    expect(values(runShipped('MaxPoolGrad', { dy, input, output: dy }, attrs)[0])[1]).not.toBe(10);
    const [d] = valueAndGrads(() => maxPool(input, 2, 2, 'valid'), [input], dy).grads;
    expect(values(d)).toEqual([0, 10, 0, 0, 0, 0, 20, 0]);
    const [same] = valueAndGrads(() => maxPool(input, 3, 1, 'same'), [input], zeros([1, 2, 4, 1])).grads;
    expect(values(same)).toEqual(new Array(8).fill(0));
  });
  expect(memory().numTensors).toBe(before);
});
