// The faults of tfjs's wasm backend, each shown on the shipped kernel, and repaired.
import { normal, random, useBackend, valueAndGrads } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import {
  add,
  clone,
  conv2d,
  cumsum,
  engine,
  erf,
  exp,
  findBackend,
  fused,
  gather,
  matMul,
  memory,
  mul,
  ones,
  pad,
  relu,
  reshape,
  split,
  sum,
  type Tensor,
  type Tensor4D,
  tanh,
  tensor,
  tensor1d,
  tidy,
  tile,
  unsortedSegmentSum,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { runShipped, shippedKernel } from './shipped-kernels.ts';

interface Heap {
  readonly dataIdMap: { get(id: object): { memoryOffset: number } };
  readonly wasm: { readonly HEAPU8: Uint8Array };
  numDataIds(): number;
}

function heap(): Heap {
  return findBackend('wasm') as unknown as Heap;
}

let seed = 1;
function gaussian(...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(normal(random(seed++), size, 1), shape);
}

function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const [x, y] = [a, b].map((t) => t.dataSync<'float32'>()) as [Float32Array, Float32Array];
  return x.reduce((worst, v, i) => Math.max(worst, Math.abs(v - (y[i] as number))), 0);
}

/** Writes into the buffer of a tensor, as an optimizer that works in place does. */
function overwrite(x: Tensor, value: number): void {
  const { memoryOffset } = heap().dataIdMap.get(x.dataId);
  new Float32Array(heap().wasm.HEAPU8.buffer, memoryOffset, x.size).fill(value);
}

export function describeRepairs(threads: number): void {
  describe(`repairs on ${threads} thread${threads === 1 ? '' : 's'}`, () => {
    beforeAll(async () => {
      await useBackend(wasm({ threads }));
      seed = 1;
    });

    it('matMul reads a weight that was changed in place; shipped, it computes with the old one', () => {
      tidy(() => {
        const [x, w] = [ones([5, 8]), ones([8, 8])];
        const attrs = { transposeA: false, transposeB: false };
        const product = () => (runShipped('BatchMatMul', { a: x, b: w }, attrs)[0] as Tensor).dataSync()[0];
        expect(product()).toBe(8);
        overwrite(w, 2);
        expect(product(), 'shipped').toBe(8);
        expect(matMul(x, w).dataSync()[0]).toBe(16);
        overwrite(w, 3);
        expect(matMul(x, w).dataSync()[0]).toBe(24);
      });
    });

    it('fused matMul adds its bias rightly in batches and transposed; shipped, it does not', () => {
      tidy(() => {
        for (const [batch, transposeA, transposeB, k] of [
          [2, false, false, 16],
          [1, true, false, 16],
          [1, false, true, 16],
        ] as const) {
          const a = gaussian(batch, ...(transposeA ? [k, 6] : [6, k]));
          const b = gaussian(batch, ...(transposeB ? [10, k] : [k, 10]));
          const bias = gaussian(10);
          const want = relu(add(matMul(a, b, transposeA, transposeB), bias));
          const attrs = { transposeA, transposeB, activation: 'relu', leakyreluAlpha: 0.2 };
          const [was] = runShipped('_FusedMatMul', { a, b, bias }, attrs);
          expect(difference(was as Tensor, want), 'shipped').toBeGreaterThan(0.1);
          const is = fused.matMul({ a: a as never, b: b as never, transposeA, transposeB, bias, activation: 'relu' });
          expect(difference(is, want)).toBeLessThan(1e-5);
        }
      });
    });

    it('identity shares the buffer; shipped, it copies', () => {
      const x = gaussian(4, 5);
      const before = heap().numDataIds();
      const copy = (shippedKernel('Identity') as NonNullable<ReturnType<typeof shippedKernel>>)({
        inputs: { x },
        backend: findBackend('wasm'),
      });
      expect(heap().numDataIds(), 'shipped').toBe(before + 1);
      findBackend('wasm').disposeData((copy as { dataId: object }).dataId);
      const y = clone(x);
      expect(heap().numDataIds()).toBe(before);
      const values = [...x.dataSync()];
      x.dispose();
      expect([...y.dataSync()]).toEqual(values);
      y.dispose();
      expect(heap().numDataIds()).toBe(before - 1);
    });

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
          for (const [i, piece] of split(x, sizes, axis).entries())
            expect(difference(piece, want[i] as Tensor)).toBe(0);
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

    it('convolutions take padding in numbers; shipped, they write beyond their output if the filter is no square', () => {
      tidy(() => {
        const [x, w] = [gaussian(2, 7, 6, 3), gaussian(3, 2, 3, 4)] as [Tensor4D, Tensor4D];
        const wide = pad(x, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]) as Tensor4D;
        for (const stride of [1, 2]) {
          const want = conv2d(wide, w, stride, 'valid');
          expect(difference(conv2d(x, w, stride, 1), want)).toBe(0);
          expect(difference(fused.conv2d({ x, filter: w, strides: stride, pad: 1 }), want)).toBe(0);
        }
      });
    });

    it('convolutions have a gradient for their filter', () => {
      expect(shippedKernel('Conv2DBackpropFilter')).toBeUndefined();
      tidy(() => {
        for (const [strides, padding] of [
          [1, 'same'],
          [2, 'same'],
          [2, 'valid'],
          [1, 1],
          [2, 2],
        ] as const) {
          const [x, w] = [gaussian(2, 7, 6, 3), gaussian(3, 2, 3, 4)];
          const apply = (f: Tensor) => conv2d(x as Tensor4D, f as Tensor4D, strides, padding);
          const dy = gaussian(...apply(w).shape);
          const { grads } = valueAndGrads(() => apply(w), [w], dy);
          // Convolution is linear in its filter: the gradient for one weight is dy times the response to that weight alone.
          const got = (grads[0] as Tensor).dataSync();
          for (let i = 0; i < w.size; i += 5) {
            const alone = new Float32Array(w.size);
            alone[i] = 1;
            const want = sum(mul(apply(tensor(alone, w.shape)), dy)).dataSync()[0] as number;
            expect(got[i]).toBeCloseTo(want, 3);
          }
        }
      });
    });

    it('reads rightly after the memory has grown', () => {
      const x = gaussian(64, 64);
      const product = matMul(x, x);
      const before = [...product.dataSync()];
      const bytes = heap().wasm.HEAPU8.byteLength;
      const large = zeros([bytes / 4]);
      expect(heap().wasm.HEAPU8.byteLength).toBeGreaterThan(bytes);
      const again = matMul(x, x);
      expect([...again.dataSync()]).toEqual(before);
      expect([...product.dataSync()]).toEqual(before);
      expect(sum(large).dataSync()[0]).toBe(0);
      for (const t of [x, product, large, again]) t.dispose();
    });

    it('leaves no buffer behind', () => {
      const buffers = () => [memory().numTensors, heap().numDataIds(), engine().state.numDataBuffers];
      const run = () =>
        tidy(() => {
          const x = gaussian(4, 6);
          sum(tile(split(exp(x), 2, 1)[0] as Tensor, [2, 3]), 0);
          fused.matMul({ a: x as never, b: x as never, transposeB: true, bias: gaussian(4), activation: 'relu' });
        });
      run();
      const before = buffers();
      run();
      expect(buffers()).toEqual(before);
    });
  });
}
