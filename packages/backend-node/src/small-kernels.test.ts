// Few numbers in JavaScript: the same results as native ops give, and still in JavaScript.
import { useBackend } from '@peftjs/backend';
import { add, concat, matMul, reshape, type Tensor, tensor, tensor1d, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { normal } from '../test/kernel-cases.ts';
import { valuesHere } from './in-javascript.ts';
import { raw, tensorflow } from './native.ts';
import { node } from './node.ts';

const backend = node({ device: 'cpu' });
const obstacle = await backend.probe();

const isHere = (x: Tensor): boolean => valuesHere(x, x.size) !== null;

interface Case {
  readonly title: string;
  readonly inputs: () => Tensor[];
  readonly f: (inputs: Tensor[]) => Tensor;
}

const cases: readonly Case[] = [
  { title: 'reshape', inputs: () => [normal(2, 3, 4)], f: ([x]) => reshape(x as Tensor, [6, -1]) },
  ...[false, true].map((transposed) => ({
    title: `rows by a matrix${transposed ? ', transposed' : ''}`,
    inputs: () => [normal(2, 3, 8), transposed ? normal(5, 8) : normal(8, 5)],
    f: ([a, b]: Tensor[]) => matMul(a as Tensor, b as Tensor, false, transposed),
  })),
  { title: 'a sum', inputs: () => [normal(2, 3), normal(2, 3)], f: ([a, b]) => add(a as Tensor, b as Tensor) },
  {
    title: 'a sum with a bias',
    inputs: () => [normal(2, 4, 3), normal(3)],
    f: ([a, b]) => add(a as Tensor, b as Tensor),
  },
  ...[0, 1, -1].map((axis) => ({
    title: `a join along ${axis}`,
    inputs: () => [normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 4)],
    f: (parts: Tensor[]) => concat(parts, axis),
  })),
];

describe.skipIf(obstacle !== null)(`small kernels${obstacle === null ? '' : `: ${obstacle}`}`, () => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(cases)('$title', ({ inputs: make, f }) => {
    tidy(() => {
      const inputs = make();
      const small = f(inputs);
      expect(isHere(small)).toBe(true);
      for (const x of inputs) raw(x);
      const native = f(inputs);
      expect(isHere(native)).toBe(false);
      expect(small.shape).toEqual(native.shape);
      const expected = native.dataSync();
      for (const [i, value] of small.dataSync().entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
    });
  });

  it('join what native ops gave with what is in JavaScript, and add the two', () => {
    tidy(() => {
      const [there, here] = [tensor([[1, 2]]), tensor([[3, 4]])];
      raw(there);
      for (const sum of [add(there, here), add(here, there)]) {
        expect(isHere(sum)).toBe(true);
        expect([...sum.dataSync()]).toEqual([4, 6]);
      }
      expect([...concat([there, here], 0).dataSync()]).toEqual([1, 2, 3, 4]);
    });
  });

  it('leave to native ops what is large, of whole numbers, or spread another way', () => {
    tidy(() => {
      const large = zeros([400, 50]);
      expect(isHere(add(large, large))).toBe(false);
      const whole = tensor1d([1, 2], 'int32');
      expect([...add(whole, whole).dataSync()]).toEqual([2, 4]);
      expect([...add(tensor([[1], [2]]), tensor([[10, 20]])).dataSync()]).toEqual([11, 21, 12, 22]);
      expect([...add(tensor1d([1, 2]), 1).dataSync()]).toEqual([2, 3]);
      expect(reshape(whole, [2, 1]).shape).toEqual([2, 1]);
    });
  });

  it('refuse what does not fit as native ops do', () => {
    tidy(() => {
      expect(() => reshape(normal(2, 3), [5]).dataSync()).toThrow();
      expect(() => matMul(normal(1, 2, 3), normal(4, 5)).dataSync()).toThrow();
      expect(() => concat([normal(2, 3), normal(3, 3)], 1).dataSync()).toThrow();
      expect(() => add(normal(2, 3), normal(2)).dataSync()).toThrow();
    });
  });

  it('free the handles of a product, of one that fails too', () => {
    const { binding } = tensorflow() as unknown as { binding: { getNumOfTensors(): number } };
    tidy(() => {
      const [x, w, other] = [normal(1, 2, 8), normal(8, 5), normal(7, 5)];
      raw(w);
      raw(other);
      const before = binding.getNumOfTensors();
      matMul(x, w);
      expect(() => matMul(x, other)).toThrow();
      expect(binding.getNumOfTensors()).toBe(before);
    });
  });
});
