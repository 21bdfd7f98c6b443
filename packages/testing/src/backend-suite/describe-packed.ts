// Packed matrices as the active backend computes with them: codes bit for bit, products beside double precision, at sizes
// off every vector and block. The ops' reference forms are what runs on the cpu backend.
import {
  type PackedArrays,
  type PackedMatrix,
  type Packing,
  pack,
  packedMatMul,
  packedRows,
  toPackedTensors,
  valueAndGrads,
} from '@peftjs/backend';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { relativeError, TOLERANCES } from '../tolerances.ts';
import { gaussian, integers, toTensor } from './numbers.ts';

/** [o, i]; the last three are more than one block of any kernel's. */
const MATRICES = [
  [1, 1],
  [3, 17],
  [17, 3],
  [130, 130],
  [9, 2100],
  [70, 1100],
  [1100, 70],
] as const;
/** Those that are enough where other packings have the same kernels around their decoder. */
const SOME = [MATRICES[1], MATRICES[3], MATRICES[5], MATRICES[6]] as const;
const ROWS = [1, 2, 3, 4, 5, 130] as const;

/** Runs the suite on a packing. */
export function describePacked(packing: Packing): void {
  const matrices = packing.form?.kind === 'grouped' ? SOME : MATRICES;
  describe.for(matrices)('[%i, %i]', ([o, i]) => {
    const { arrays, values } = encoded(packing, o, i);

    it('gives its rows, bit for bit', async () => {
      const ids = integers([o - 1, 0, o - 1, (o / 2) | 0], 2, 2);
      const [all, some] = (await using(packing, arrays, [o, i], (matrix) => {
        return [packedRows(matrix), packedRows(matrix, toTensor(ids))];
      })) as [Read, Read];
      expect(all.shape).toEqual([o, i]);
      expect(bits(all.values)).toEqual(bits(values));
      expect(some.shape).toEqual([2, 2, i]);
      expect(bits(some.values)).toEqual(bits(join([...ids.values].map((id) => values.subarray(id * i, (id + 1) * i)))));
    });

    it.for(ROWS)('is multiplied with %i rows, with the gradient for them', async (n) => {
      const [x, dy] = [gaussian(7, n, i), gaussian(8, n, o)];
      const [y, dx] = (await using(packing, arrays, [o, i], (matrix) => {
        const rows = toTensor(x);
        const { value, grads } = valueAndGrads(() => packedMatMul(rows, matrix), [rows], toTensor(dy));
        return [value, grads[0] as Tensor];
      })) as [Read, Read];
      expect([y.shape, dx.shape]).toEqual([
        [n, o],
        [n, i],
      ]);
      const near = (got: Read, want: ArrayLike<number>, what: string, kind: 'kernel' | 'kernelGradient') =>
        expect(relativeError(got.values, want), `error of ${what}`).toBeLessThanOrEqual(TOLERANCES[kind]);
      near(y, product(x.values, values, n, o, i), 'the product', 'kernel');
      near(dx, product(dy.values, turned(values, o, i), n, i, o), 'the gradient', 'kernelGradient');
    });
  });

  it('is multiplied with rows of any rank', async () => {
    const { arrays, values } = encoded(packing, 5, 6);
    const x = gaussian(7, 2, 3, 6);
    const dy = gaussian(8, 2, 3, 5);
    const [y, dx] = (await using(packing, arrays, [5, 6], (matrix) => {
      const rows = toTensor(x);
      const { value, grads } = valueAndGrads(() => packedMatMul(rows, matrix), [rows], toTensor(dy));
      return [value, grads[0] as Tensor];
    })) as [Read, Read];
    expect([y.shape, dx.shape]).toEqual([
      [2, 3, 5],
      [2, 3, 6],
    ]);
    expect(relativeError(y.values, product(x.values, values, 6, 5, 6))).toBeLessThanOrEqual(TOLERANCES.kernel);
  });

  it('shows a number that is none', async () => {
    const { arrays } = encoded(packing, 17, 130);
    for (const n of [1, 130]) {
      const x = gaussian(7, n, 130);
      x.values[x.values.length - 1] = Number.NaN;
      const [y] = (await using(packing, arrays, [17, 130], (m) => [packedMatMul(toTensor(x), m)])) as [Read];
      expect(Array.from(y.values.slice(-17)).every(Number.isNaN), `in the last of ${n} rows`).toBe(true);
    }
  });

  it('is packed from a tensor, the same codes as from an array', async () => {
    for (const [o, i] of matrices) {
      const { arrays, dense } = encoded(packing, o, i);
      const made = tidy(() => pack(tensor(dense.slice(), [o, i], 'float32'), packing));
      const read = await readAll(Object.values(made));
      expect(Object.keys(made)).toEqual(Object.keys(arrays));
      for (const [k, name] of Object.keys(made).entries()) {
        expect(read[k]?.shape).toEqual(packing.arrays(o, i)[name]?.shape);
        expect(bits(read[k]?.values as Float32Array), name).toEqual(bits(arrays[name] as Float32Array));
      }
    }
  });

  it('refuses rows of another width', () => {
    const { arrays } = encoded(packing, 3, 17);
    expect(() =>
      tidy(() =>
        packedMatMul(tensor([1, 2]), {
          packing,
          outDim: 3,
          inDim: 17,
          tensors: toPackedTensors(packing, 3, 17, arrays),
        }),
      ),
    ).toThrow('[peftjs/backend] a packed matrix [3, 17] is multiplied with [..., 17], found [2]');
  });
}

interface Read {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A matrix of numbers of many sizes, its codes, and what these say. */
function encoded(
  packing: Packing,
  o: number,
  i: number,
): { arrays: PackedArrays; dense: Float32Array; values: Float32Array } {
  const dense = Float32Array.from(gaussian(o * 1000 + i, o, i).values, (v, k) =>
    k % 7 === 5 ? v * 2 ** -(k % 31) : v,
  );
  const encoder = packing.encoder(o, i);
  expect(encoder.encode(dense, 0)).toBe(-1);
  const arrays = encoder.finish();
  const values = new Float32Array(o * i);
  for (let row = 0; row < o; row++) packing.decode(arrays, row, values.subarray(row * i, (row + 1) * i));
  return { arrays, dense, values };
}

async function readAll(tensors: readonly Tensor[]): Promise<Read[]> {
  const read = await Promise.all(
    tensors.map(async (t) => ({ shape: t.shape, values: (await t.data()) as Float32Array })),
  );
  dispose([...tensors]);
  return read;
}

/** What `f` makes of the matrix, read and freed. */
function using(
  packing: Packing,
  arrays: PackedArrays,
  [outDim, inDim]: readonly [number, number],
  f: (matrix: PackedMatrix) => readonly Tensor[],
): Promise<Read[]> {
  const made = tidy(
    () => f({ packing, outDim, inDim, tensors: toPackedTensors(packing, outDim, inDim, arrays) }) as Tensor[],
  );
  return readAll(made);
}

/** So that -0 is not 0. */
function bits(values: Float32Array | Int32Array): readonly number[] {
  return [...new Int32Array(values.buffer, values.byteOffset, values.length)];
}

function join(rows: readonly Float32Array[]): Float32Array {
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

/** x W', x [n, i] and W [o, i], in double precision. */
function product(x: ArrayLike<number>, w: ArrayLike<number>, n: number, o: number, i: number): Float64Array {
  const out = new Float64Array(n * o);
  for (let r = 0; r < n; r++)
    for (let c = 0; c < o; c++) {
      let sum = 0;
      for (let k = 0; k < i; k++) sum += (x[r * i + k] as number) * (w[c * i + k] as number);
      out[r * o + c] = sum;
    }
  return out;
}

function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c] as number;
  return out;
}
