// Whole numbers, empty and single tensors, and numbers that are none.
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { scoped } from './scoped.ts';

/** What `f` gives, read and freed. */
async function read(f: () => tf.Tensor): Promise<{ dtype: string; shape: number[]; values: number[] }> {
  const out = tf.tidy(f);
  const found = { dtype: out.dtype, shape: out.shape, values: [...(await out.data())] };
  out.dispose();
  return found;
}
const values = async (f: () => tf.Tensor) => (await read(f)).values;
const int = (...xs: number[]) => tf.tensor1d(xs, 'int32');

export function describeEdges(): void {
  it('whole numbers are exact up to 24 bits', async () => {
    const big = 2 ** 24 - 1;
    expect(await read(() => tf.add(int(big - 1, -5), int(1, 2)))).toEqual({
      dtype: 'int32',
      shape: [2],
      values: [big, -3],
    });
    expect(await values(() => tf.sub(int(big), int(1)))).toEqual([big - 1]);
    expect(await values(() => tf.mul(int(4095, -7), int(4096, 3)))).toEqual([4095 * 4096, -21]);
    expect(await values(() => tf.equal(int(big, big - 1), int(big, big)))).toEqual([1, 0]);
    expect(await values(() => tf.gather(int(big, 7, big - 2), int(2, 0)))).toEqual([big - 2, big]);
    expect(await values(() => tf.slice(int(big, 7, 9), [0], [1]))).toEqual([big]);
    expect(await values(() => tf.concat([int(big), int(-big)]))).toEqual([big, -big]);
  });

  it('casts cut towards zero, and come back', async () => {
    const cut = () => tf.cast(tf.tensor1d([1.9, -1.9, 0.5, 100.0]), 'int32');
    expect(await read(cut)).toEqual({ dtype: 'int32', shape: [4], values: [1, -1, 0, 100] });
    expect(await read(() => tf.cast(int(3, -4), 'float32'))).toEqual({ dtype: 'float32', shape: [2], values: [3, -4] });
    expect(await values(() => tf.cast(tf.tensor1d([0, 2, -1]), 'bool'))).toEqual([0, 1, 1]);
  });

  it('ids find their place', async () => {
    expect(await values(() => tf.argMax(tf.tensor2d([1, 5, 2, 9, 0, 3], [2, 3]), -1))).toEqual([1, 0]);
    expect(await values(() => tf.oneHot(int(2, 0), 3))).toEqual([0, 0, 1, 1, 0, 0]);
    expect(await values(() => tf.notEqual(int(-100, 3), tf.scalar(-100, 'int32')))).toEqual([0, 1]);
  });

  it('a tensor with no elements keeps its shape', async () => {
    expect((await read(() => tf.reshape(tf.zeros([0, 3]), [3, 0]))).shape).toEqual([3, 0]);
    expect(await values(() => tf.sum(tf.zeros([0, 3]), 0))).toEqual([0, 0, 0]);
    expect(await read(() => tf.concat([tf.zeros([0, 2]), tf.ones([1, 2])], 0))).toMatchObject({
      shape: [1, 2],
      values: [1, 1],
    });
    expect((await read(() => tf.slice(tf.ones([2, 3]), [1, 0], [0, 3]))).shape).toEqual([0, 3]);
  });

  it('a single number is a tensor', async () => {
    expect(await read(() => tf.mul(tf.scalar(3), tf.scalar(4)))).toMatchObject({ shape: [], values: [12] });
    expect(await read(() => tf.matMul(tf.tensor2d([[3]]), tf.tensor2d([[4]])))).toMatchObject({
      shape: [1, 1],
      values: [12],
    });
    expect(await values(() => tf.softmax(tf.tensor2d([[7]])))).toEqual([1]);
  });

  it('NaN and infinity are passed on', async () => {
    const bad = () => tf.tensor2d([Number.NaN, 1, 2, 3], [2, 2]);
    const huge = () => tf.tensor1d([3e38, 1]);
    for (const op of [tf.exp, tf.tanh, tf.sigmoid, tf.square, tf.neg] as const) {
      expect((await values(() => op(bad())))[0], op.name).toBeNaN();
    }
    expect((await values(() => tf.add(bad(), 1)))[0]).toBeNaN();
    expect((await values(() => tf.mul(bad(), 0)))[0]).toBeNaN();
    expect((await values(() => tf.sum(bad())))[0]).toBeNaN();
    expect((await values(() => tf.mean(bad(), 1)))[0]).toBeNaN();
    expect((await values(() => tf.matMul(bad(), tf.ones([2, 2]))))[0]).toBeNaN();
    expect((await values(() => tf.softmax(bad())))[0]).toBeNaN();
    expect(await values(() => tf.mul(huge(), 10))).toEqual([Number.POSITIVE_INFINITY, 10]);
    expect(await values(() => tf.exp(tf.tensor1d([1000, -1000])))).toEqual([Number.POSITIVE_INFINITY, 0]);
    expect(await values(() => tf.div(tf.tensor1d([1, -1]), tf.zeros([2])))).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('an operation does not change what it was given', async () => {
    await scoped(async () => {
      const x = tf.tensor1d([1, 2, 3, 4]);
      tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor1d([9]));
      tf.relu(tf.neg(x));
      const y = tf.reshape(x, [2, 2]);
      tf.matMul(y, y);
      expect([...(await x.data())]).toEqual([1, 2, 3, 4]);
    });
  });

  it('a variable that was assigned computes with its new values', async () => {
    const w = tf.tidy(() => tf.variable(tf.ones([3, 3]), false));
    const product = () => values(() => tf.matMul(tf.ones([1, 3]), w));
    expect(await product()).toEqual([3, 3, 3]);
    tf.tidy(() => w.assign(tf.fill([3, 3], 2)));
    expect(await product()).toEqual([6, 6, 6]);
    w.dispose();
  });
}
