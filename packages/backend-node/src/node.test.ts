import { createRequire } from 'node:module';
import { useBackend } from '@peftjs/backend';
import {
  getBackend,
  getKernel,
  KernelBackend,
  matMul,
  registerBackend,
  reshape,
  setBackend,
  tensor1d,
  tensor2d,
  tensor3d,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TensorflowBackend, tensorflow } from './native.ts';
import { node } from './node.ts';

const backend = node({ device: 'cpu' });
registerBackend('bystander', () => new KernelBackend());
await setBackend('bystander');
const obstacle = await backend.probe();
const active = getBackend();
const shipped = obstacle === null ? (name: string) => getKernel(name, 'tensorflow') : () => undefined;
const missing = { BitwiseAnd: shipped('BitwiseAnd'), DenseBincount: shipped('DenseBincount') };

describe('probe', () => {
  it.runIf(process.env.CI)('finds the native package in CI', () => {
    expect(obstacle).toBeNull();
  });

  it('leaves the active backend as it was', () => {
    expect(active).toBe('bystander');
  });
});

describe.skipIf(obstacle !== null)(`the native backend${obstacle === null ? '' : `: ${obstacle}`}`, () => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('says what it runs on', async () => {
    const { backend: name, device, threads, details } = await useBackend(backend);
    expect(name).toBe('tensorflow');
    expect(device).toBe(`CPU, ${threads} threads`);
    expect(threads).toBeGreaterThan(0);
    expect(details).toMatchObject({ package: '@tensorflow/tfjs-node', cuda: false });
  });

  it('shares the one copy of tfjs-core', () => {
    const require = createRequire(import.meta.url);
    const fromHere = require.resolve('@tensorflow/tfjs-core');
    const tfjs = createRequire(require.resolve('@tensorflow/tfjs-node')).resolve('@tensorflow/tfjs');
    expect(createRequire(tfjs).resolve('@tensorflow/tfjs-core')).toBe(fromHere);
  });

  it('has the kernels that tfjs-node leaves out', () => {
    expect(missing).toEqual({ BitwiseAnd: undefined, DenseBincount: undefined });
    const and = run('BitwiseAnd', { a: tensor1d([12, 10, -1], 'int32'), b: tensor1d([10, 6, 255], 'int32') }, {});
    expect([...and]).toEqual([8, 2, 255]);
    const counts = run(
      'DenseBincount',
      { x: tensor1d([1, 1, 3], 'int32'), weights: tensor1d([]) },
      { size: 5, binaryOutput: false },
    );
    expect([...counts]).toEqual([0, 2, 0, 1, 0]);
    const weighted = run(
      'DenseBincount',
      { x: tensor1d([1, 1, 3], 'int32'), weights: tensor1d([0.5, 2, 3]) },
      { size: 4, binaryOutput: false },
    );
    expect([...weighted]).toEqual([0, 2.5, 0, 3]);
  });

  it('multiplies matrices under every transposition, and reshapes with one length left open', () => {
    const a = tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const b = tensor2d([1, 0, 2, 1, 0, 3], [3, 2]);
    const at = tensor2d([1, 4, 2, 5, 3, 6], [3, 2]);
    const bt = tensor2d([1, 2, 0, 0, 1, 3], [2, 3]);
    const expected = [5, 11, 14, 23];
    expect([...matMul(a, b).dataSync()]).toEqual(expected);
    expect([...matMul(at, b, true).dataSync()]).toEqual(expected);
    expect([...matMul(a, bt, false, true).dataSync()]).toEqual(expected);
    expect([...matMul(at, bt, true, true).dataSync()]).toEqual(expected);
    expect(reshape(a, [3, -1]).shape).toEqual([3, 2]);
  });

  it('multiplies rows of any rank by one matrix, whatever they hold', () => {
    const b = tensor2d([1, 0, 2, 1, 0, 3], [3, 2]);
    const bt = tensor2d([1, 2, 0, 0, 1, 3], [2, 3]);
    const x = tensor3d([1, 2, 3, 4, 5, 6], [2, 1, 3]);
    for (const y of [matMul(x, b), matMul(x, bt, false, true)]) {
      expect(y.shape).toEqual([2, 1, 2]);
      expect([...y.dataSync()]).toEqual([5, 11, 14, 23]);
    }
    const none = matMul(tensor3d([], [2, 0, 3]), b);
    expect(none.shape).toEqual([2, 0, 2]);
    const empty = matMul(tensor3d([], [2, 1, 0]), tensor2d([], [0, 2]));
    expect([...empty.dataSync()]).toEqual([0, 0, 0, 0]);
    const whole = matMul(tensor3d([1, 2, 3], [1, 1, 3], 'int32'), tensor2d([1, 2, 3], [3, 1], 'int32'));
    expect([...whole.dataSync()]).toEqual([14]);
  });

  it('keeps no more than a bounded number of constants', () => {
    const handles = () =>
      (tensorflow() as TensorflowBackend & { binding: { getNumOfTensors(): number } }).binding.getNumOfTensors();
    const x = tensor1d(new Float32Array(5040));
    for (let n = 1; n <= 5040; n++) if (5040 % n === 0) reshape(x, [n, -1]).dispose();
    const first = handles();
    for (let n = 1; n <= 2000; n++)
      reshape(x, [...new Array(n % 5).fill(1), 5040, ...new Array(n % 3).fill(1)]).dispose();
    expect(handles() - first).toBeLessThan(20);
  });
});

/** A kernel called by name: no tfjs function leads to these with the arguments of the test. */
function run(name: string, inputs: object, attrs: object): Int32Array | Float32Array {
  const kernelFunc = getKernel(name, 'tensorflow').kernelFunc as unknown as (call: object) => {
    dataSync(): Float32Array;
  };
  return kernelFunc({ inputs, attrs, backend: tensorflow() }).dataSync();
}
