// Every product against a double loop in double precision: all transposes, batches and broadcasts, sizes off every block.
import { random, uniform, useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { matMul, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

interface Operand {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

function operand(seed: number, shape: readonly number[]): Operand {
  const size = shape.reduce((a, b) => a * b, 1);
  return { values: uniform(random(seed, size), size, -1, 1), shape };
}

function naive(a: Operand, b: Operand, ta: boolean, tb: boolean, i: number, j: number): { dot: number; size: number } {
  const [rows, columns] = a.shape.slice(-2) as [number, number];
  const width = b.shape.at(-1) as number;
  const k = ta ? rows : columns;
  let dot = 0;
  let size = 0;
  for (let p = 0; p < k; p++) {
    const x =
      (a.values[ta ? p * columns + i : i * columns + p] as number) *
      (b.values[tb ? j * width + p : p * width + j] as number);
    dot += x;
    size += Math.abs(x);
  }
  return { dot, size };
}

/** The largest error of all elements, in units of the sum of the magnitudes that were added. */
async function worstError(a: Operand, b: Operand, ta: boolean, tb: boolean): Promise<number> {
  const [x, y] = [a, b].map(({ values, shape }) => tensor(values, [...shape], 'float32')) as [Tensor, Tensor];
  const out = matMul(x, y, ta, tb);
  const got = await out.data();
  const [m, n] = out.shape.slice(-2) as [number, number];
  const batch = out.shape.slice(0, -2);
  let worst = 0;
  for (let e = 0; e < got.length / (m * n); e++) {
    const [sa, sb] = [entry(a, batch, e), entry(b, batch, e)];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const { dot, size } = naive(sa, sb, ta, tb, i, j);
        worst = Math.max(worst, Math.abs((got[(e * m + i) * n + j] as number) - dot) / (size || 1));
      }
    }
  }
  for (const t of [x, y, out]) t.dispose();
  return worst;
}

/** The matrix that entry `e` of the broadcast batch reads. */
function entry(of: Operand, batch: readonly number[], e: number): Operand {
  const own = of.shape.slice(0, -2);
  const matrix = of.shape.slice(-2).reduce((a, b) => a * b, 1);
  let index = 0;
  let stride = 1;
  for (let d = batch.length - 1, rest = e; d >= 0; d--) {
    const size = own[d - batch.length + own.length] ?? 1;
    index += (size === 1 ? 0 : rest % (batch[d] as number)) * stride;
    stride *= size;
    rest = Math.floor(rest / (batch[d] as number));
  }
  return { values: of.values.subarray(index * matrix, (index + 1) * matrix), shape: of.shape.slice(-2) };
}

const SIZES = [1, 2, 3, 5, 6, 8, 17, 48, 130] as const;
const TRANSPOSES = [false, true].flatMap((ta) => [false, true].map((tb) => [ta, tb] as const));
/** Rounding of float32 over sums in any order. */
const TOLERANCE = 1e-6;

export function describeProducts(threads: number): void {
  describe(`products on ${threads} thread${threads === 1 ? '' : 's'}`, () => {
    beforeAll(async () => {
      const { threads: started } = await useBackend(wasm({ threads }));
      expect(started).toBe(threads);
    });

    it.each(TRANSPOSES)('of every size, transposed %s and %s', async (ta, tb) => {
      const before = memory().numTensors;
      for (const m of SIZES) {
        for (const n of SIZES) {
          for (const k of SIZES) {
            const a = operand(1, ta ? [k, m] : [m, k]);
            const b = operand(2, tb ? [n, k] : [k, n]);
            expect(await worstError(a, b, ta, tb), `${m} x ${n} x ${k}`).toBeLessThan(TOLERANCE);
          }
        }
      }
      expect(memory().numTensors).toBe(before);
    });

    it.each(TRANSPOSES)('beyond one block of depth, columns and rows, transposed %s and %s', async (ta, tb) => {
      for (const [m, n, k] of [
        [7, 20, 1030],
        [3, 530, 600],
        [1, 1030, 70],
        [130, 523, 77],
        [250, 9, 515],
      ] as const) {
        const a = operand(3, ta ? [k, m] : [m, k]);
        const b = operand(4, tb ? [n, k] : [k, n]);
        expect(await worstError(a, b, ta, tb), `${m} x ${n} x ${k}`).toBeLessThan(TOLERANCE);
      }
    });

    it.each(TRANSPOSES)('in batches, transposed %s and %s', async (ta, tb) => {
      for (const [batchA, batchB] of [
        [[3], [3]],
        [[3], [1]],
        [[1], [5]],
        [
          [2, 3],
          [2, 3],
        ],
        [[2, 1], [3]],
        [
          [4, 1, 2],
          [3, 1],
        ],
      ] as const) {
        for (const [m, n, k] of [
          [5, 7, 9],
          [1, 12, 33],
          [40, 24, 16],
        ] as const) {
          const a = operand(5, [...batchA, ...(ta ? [k, m] : [m, k])]);
          const b = operand(6, [...batchB, ...(tb ? [n, k] : [k, n])]);
          expect(await worstError(a, b, ta, tb), `[${a.shape}] x [${b.shape}]`).toBeLessThan(TOLERANCE);
        }
      }
    });

    it('of empty matrices', async () => {
      const [a, b] = [tensor([], [2, 0]), tensor([], [0, 3])];
      expect([...(await matMul(a, b).data())]).toEqual([0, 0, 0, 0, 0, 0]);
      expect(matMul(b, tensor([], [3, 0])).shape).toEqual([0, 0]);
    });
  });
}
