// Kernels that give wrong numbers in tfjs as shipped, shown on the shipped kernel and repaired.
import { useBackend, valueAndGrads } from '@peftjs/backend';
import {
  cast,
  conv3d,
  depthwiseConv2d,
  einsum,
  fused,
  maxPool,
  maxPool3d,
  memory,
  ones,
  sum,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { runShipped, shippedKernel } from '../../test/shipped-kernels.ts';
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

it('maxPool3d finds a maximum below 0, and its gradient; shipped, it gives about 0', () => {
  tidy(() => {
    const x = tensor([-3, -1, -2, -5], [1, 1, 2, 2, 1]) as Tensor5D;
    const attrs = { filterSize: [1, 2, 1], strides: 1, pad: 'valid', dataFormat: 'NDHWC' };
    expect(values(runShipped('MaxPool3D', { x }, attrs)[0])[0]).toBeGreaterThan(-1);
    const pass = valueAndGrads(() => maxPool3d(x, [1, 2, 1], 1, 'valid'), [x], tensor([10, 20], [1, 1, 1, 2, 1]));
    expect(values(pass.value)).toEqual([-2, -1]);
    expect(values(pass.grads[0])).toEqual([0, 20, 10, 0]);
    const nan = tensor([1, Number.NaN], [1, 1, 2, 1, 1]) as Tensor5D;
    expect(values(maxPool3d(nan, [1, 2, 1], 1, 'valid'))).toEqual([Number.NaN]);
  });
});

it('the gradients of conv3d are those; shipped, they are added to whatever was in memory', () => {
  tidy(() => {
    const [x, w] = [ones([1, 4, 4, 4, 1]) as Tensor5D, ones([1, 1, 1, 1, 1]) as Tensor5D];
    const dy = tensor([...new Array(64).keys()], [1, 4, 4, 4, 1]);
    const attrs = { strides: 1, pad: 'valid', inputShape: x.shape };
    tensor(new Float32Array(64).fill(7)).dispose();
    expect(values(runShipped('Conv3DBackpropInputV2', { dy, filter: w }, attrs)[0])).not.toEqual(values(dy));
    tensor(new Float32Array(64).fill(7)).dispose();
    const [dx, dw] = valueAndGrads(() => conv3d(x, w, 1, 'valid'), [x, w], dy).grads;
    expect(values(dx)).toEqual(values(dy));
    expect(values(dw)).toEqual([(64 * 63) / 2]);
  });
});

it('depthwise convolutions have gradients, and take padding in numbers', () => {
  expect(shippedKernel('DepthwiseConv2dNativeBackpropInput')).toBeUndefined();
  expect(shippedKernel('DepthwiseConv2dNativeBackpropFilter')).toBeUndefined();
  const before = memory().numTensors;
  tidy(() => {
    const x = tensor([1, 10, 2, 20, 3, 30], [1, 3, 1, 2]) as Tensor4D;
    const w = tensor([1, 2, 3, 4], [2, 1, 2, 1]) as Tensor4D;
    const dy = tensor([1, 1, 1, 1], [1, 2, 1, 2]);
    const [dx, dw] = valueAndGrads(() => depthwiseConv2d(x, w, 1, 'valid'), [x, w], dy).grads;
    expect(values(dx)).toEqual([1, 2, 4, 6, 3, 4]);
    expect(values(dw)).toEqual([3, 30, 5, 50]);
    const padded = depthwiseConv2d(x, w, 1, 1);
    expect(padded.shape).toEqual([1, 4, 3, 2]);
    expect(values(fused.depthwiseConv2d({ x, filter: w, strides: 1, pad: 1 }))).toEqual(values(padded));
    expect(sum(padded).dataSync()[0]).toBe(6 * (1 + 3) + 60 * (2 + 4));
  });
  expect(memory().numTensors).toBe(before);
});

it('einsum is there, for whole numbers too, and says what does not fit', () => {
  expect(shippedKernel('Einsum')).toBeUndefined();
  const before = memory().numTensors;
  tidy(() => {
    const [a, b] = [tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2])];
    expect(values(einsum('ij,jk->ki', a, b))).toEqual([19, 43, 22, 50]);
    expect(values(einsum('ij->ij', a))).toEqual([1, 2, 3, 4]);
    expect(values(einsum('ij,kl->', a, b))).toEqual([260]);
    const whole = einsum('ij,ij->i', cast(a, 'int32'), cast(b, 'int32'));
    expect([whole.dtype, ...values(whole)]).toEqual(['int32', 17, 53]);
    expect(() => einsum('ij,jk->ik', a, ones([3, 2]))).toThrow('Expected dimension 2');
    expect(() => einsum('ij,jk->iz', a, b)).toThrow('z');
  });
  expect(memory().numTensors).toBe(before);
});
