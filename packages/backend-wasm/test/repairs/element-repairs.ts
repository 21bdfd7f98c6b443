// Functions of elements, copies of them and sums over them.
import { normal, random, valueAndGrads } from '@peftjs/backend';
import {
  cumsum,
  erf,
  exp,
  gather,
  mul,
  reshape,
  split,
  sum,
  type Tensor,
  tanh,
  tensor,
  tensor1d,
  tidy,
  tile,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { runShipped, shippedKernel } from '../shipped-kernels.ts';
import { difference } from './difference.ts';
import { gaussians } from './gaussians.ts';

export function describeElementRepairs(): void {
  const gaussian = gaussians(1);

  it('the gradient of cumsum along the last axis stays within its bounds', () => {
    tidy(() => {
      const x = gaussian(3, 5);
      const { grads } = valueAndGrads(() => sum(cumsum(x, -1)), [x]);
      expect([...(grads[0] as Tensor).dataSync()]).toEqual([5, 4, 3, 2, 1, 5, 4, 3, 2, 1, 5, 4, 3, 2, 1]);
    });
  });

  it('exp, tanh and erf are right over the whole range', () => {
    tidy(() => {
      const special = [
        0,
        -0,
        1e-30,
        -1e-4,
        0.6249,
        -0.6251,
        1,
        -5,
        9.1,
        30,
        80,
        88.5,
        88.8,
        200,
        -87,
        -90,
        -103,
        -110,
        -Infinity,
        Infinity,
        Number.NaN,
      ];
      const x = tensor1d([...special, ...normal(random(3), 3000, 3)]);
      const xs = x.dataSync<'float32'>();
      const check = (got: Tensor, f: (v: number) => number, tolerance: number) => {
        const values = got.dataSync();
        for (const [i, v] of xs.entries()) {
          const want = Math.fround(f(v));
          if (!Number.isFinite(want)) expect(values[i], `of ${v}`).toBe(want);
          else
            expect(Math.abs((values[i] as number) - want) / Math.max(Math.abs(want), 1e-37), `of ${v}`).toBeLessThan(
              tolerance,
            );
        }
      };
      check(exp(x), Math.exp, 1e-6);
      check(tanh(x), Math.tanh, 1e-6);
      const finite = tensor1d(xs.filter((v) => !Number.isNaN(v)));
      expect(difference(erf(finite), runShipped('Erf', { x: finite })[0] as Tensor)).toBeLessThan(1e-6);
    });
  });

  it('tile, gather, split and sum give what the shipped kernels give', () => {
    tidy(() => {
      const x = gaussian(3, 5, 7);
      for (const reps of [
        [1, 1, 1],
        [2, 1, 1],
        [1, 3, 1],
        [1, 1, 4],
        [2, 3, 5],
      ]) {
        expect(difference(tile(x, reps), runShipped('Tile', { x }, { reps })[0] as Tensor)).toBe(0);
      }
      for (const axis of [0, 1, 2, -1]) {
        const indices = tensor([2, 0, 0, 1], [2, 2], 'int32');
        const attrs = { axis: (axis + 3) % 3, batchDims: 0 };
        expect(difference(gather(x, indices, axis), runShipped('GatherV2', { x, indices }, attrs)[0] as Tensor)).toBe(
          0,
        );
        const sizes = { 3: [1, 2], 5: [4, 1], 7: [2, 5] }[x.shape.at(axis) as 3 | 5 | 7];
        const want = runShipped('SplitV', { x }, { numOrSizeSplits: sizes, axis });
        for (const [i, piece] of split(x, sizes, axis).entries()) expect(difference(piece, want[i] as Tensor)).toBe(0);
      }
      for (const axis of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]) {
        for (const keepDims of [false, true]) {
          const [want] = runShipped('Sum', { x }, { axis, keepDims: false });
          const got = sum(x, axis, keepDims);
          expect(got.shape).toEqual(
            keepDims ? x.shape.map((n, i) => (axis.includes(i) ? 1 : n)) : (want as Tensor).shape,
          );
          expect(difference(reshape(got, (want as Tensor).shape), want as Tensor)).toBeLessThan(1e-5);
        }
      }
    });
  });

  it('unsortedSegmentSum is there, and with it the gradient of gather', () => {
    expect(shippedKernel('UnsortedSegmentSum')).toBeUndefined();
    tidy(() => {
      const x = tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      const ids = tensor1d([2, 0, 2], 'int32');
      expect([...unsortedSegmentSum(x, ids, 4).dataSync()]).toEqual([3, 4, 0, 0, 6, 8, 0, 0]);
      const table = gaussian(4, 2);
      const { grads } = valueAndGrads(() => sum(mul(gather(table, ids), x)), [table]);
      expect([...(grads[0] as Tensor).dataSync()]).toEqual([3, 4, 0, 0, 6, 8, 0, 0]);
    });
  });
}
