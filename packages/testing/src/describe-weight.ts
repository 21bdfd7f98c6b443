// The suite that every storage's test calls, on the backend that is active.
import { memoryMeter, valueAndGrads } from '@peftjs/backend';
import type { Weight } from '@peftjs/core';
import { gather, matMul, ones, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose, gaussian, integers, toTensor } from './backend-suite/numbers.ts';
import { scoped } from './backend-suite/scoped.ts';
import { leakGuard } from './leak-guard.ts';
import { relativeError } from './tolerances.ts';

export interface WeightSuiteOptions {
  /** The most that reading differs from what was encoded, as `relativeError` has it; bit for bit when left out. */
  readonly tolerance?: number;
  /** Shapes [o, i] to try, where the storage cannot hold every one. */
  readonly shapes?: readonly (readonly [o: number, i: number])[];
}

const SHAPES = [
  [1, 1],
  [3, 17],
  [17, 3],
  [64, 130],
  [130, 64],
] as const;

/**
 * Runs the conformance suite on a storage.
 *
 * @param encode stores a row-major matrix [o, i]
 * @example
 * describeOn(cpu(), 'dense', () => describeWeight('dense', dense));
 */
export function describeWeight(
  name: string,
  encode: (values: Float32Array, outDim: number, inDim: number) => Weight,
  options: WeightSuiteOptions = {},
): void {
  describe.for([...(options.shapes ?? SHAPES)])(`${name} [%i, %i]`, ([o, i]) => {
    leakGuard();
    const values = Float32Array.from(gaussian(o * 1000 + i, o, i).values);
    const using = async (f: (weight: Weight) => Promise<void>) => {
      const weight = encode(values.slice(), o, i);
      try {
        await scoped(() => f(weight));
      } finally {
        weight.dispose();
      }
    };
    const expectRead = async (weight: Weight, want: ArrayLike<number>) => {
      const read = weight.read();
      expect(read.shape).toEqual([o, i]);
      expect(read.dtype).toBe('float32');
      const found = await read.data();
      if (options.tolerance === undefined) expect([...found]).toEqual(Array.from(want));
      else expect(relativeError(found, want)).toBeLessThanOrEqual(options.tolerance);
    };

    it('knows its size', async () => {
      const before = memoryMeter().bytes;
      await using(async (weight) => {
        expect([weight.outDim, weight.inDim]).toEqual([o, i]);
        expect(weight.bytes).toBeGreaterThan(0);
        expect(weight.bytes).toBeGreaterThanOrEqual(memoryMeter().bytes - before);
      });
    });

    it('reads what was encoded, as often as it is asked', async () => {
      await using(async (weight) => {
        await expectRead(weight, values);
        weight.read().dispose();
        await expectRead(weight, values);
      });
    });

    it.for([[], [3], [2, 5]])('multiplies [%s, i], with the gradient for x', async (rows) => {
      await using(async (weight) => {
        const x = toTensor(gaussian(7, ...(rows.length === 0 ? [1] : rows), i));
        const dense = weight.read();
        const dy = toTensor(gaussian(8, ...x.shape.slice(0, -1), o));
        const flat = (t: Tensor) => reshape(t, [-1, t.shape.at(-1) as number]);
        const { value, grads } = valueAndGrads(() => weight.matMul(x), [x], dy);
        const want = reshape(matMul(flat(x), dense, false, true), dy.shape);
        await expectClose('kernel', value, want, 'the product');
        await expectClose(
          'kernelGradient',
          grads[0] as Tensor,
          reshape(matMul(flat(dy), dense), x.shape),
          'the gradient',
        );
      });
    });

    it('gives its rows by index', async () => {
      await using(async (weight) => {
        for (const ids of [integers([o - 1, 0, 0], 3), integers([0, o - 1, 0, (o / 2) | 0], 2, 2)]) {
          const at = toTensor(ids);
          const rows = weight.rows(at);
          expect(rows.shape).toEqual([...ids.shape, i]);
          expect([...(await rows.data())]).toEqual([...(await gather(weight.read(), at).data())]);
        }
      });
    });

    it('encodes another matrix in the same way, and lives on alone', async () => {
      await using(async (weight) => {
        const other = Float32Array.from(gaussian(9, o, i).values);
        const start = toTensor({ shape: [o, i], values: Float64Array.from(other), dtype: 'float32' });
        const second = weight.encode(start);
        expect([second.outDim, second.inDim, second.bytes]).toEqual([o, i, weight.bytes]);
        expect(second.variable === undefined).toBe(weight.variable === undefined);
        expect([...(await start.data())]).toEqual([...other]);
        start.dispose();
        await expectRead(second, other);
        await expectRead(weight, values);
        second.dispose();
        await expectRead(weight, values);
      });
    });

    it('encodes what it reads', async () => {
      await using(async (weight) => {
        const read = weight.read();
        const again = weight.encode(read);
        await expectRead(again, await read.data());
        again.dispose();
      });
    });

    it('gives the matrix its gradient where it says that it can be trained, and holds no other variable', async () => {
      await using(async (weight) => {
        if (weight.variable === undefined) return;
        const x = ones([2, i]);
        const dy = toTensor(gaussian(8, 2, o));
        const [d] = valueAndGrads(() => weight.matMul(x), [weight.variable], dy).grads;
        expect(weight.variable.shape).toEqual([o, i]);
        await expectClose('kernelGradient', d as Tensor, matMul(dy, x, true), 'the gradient of the matrix');
      });
    });
  });
}
