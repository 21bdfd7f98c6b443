// A matrix in several weights, some rows each, for what is larger than a tensor may be: an embedding, an output layer.
import { engine } from '@peftjs/backend';
import {
  add,
  cast,
  concat,
  expandDims,
  greaterEqual,
  less,
  logicalAnd,
  mul,
  scalar,
  slice,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { type FileMatrix, type Storage, storeMatrix } from './storage.ts';
import type { Weight } from './weight.ts';

/**
 * A storage that holds a matrix of more than so many bytes in float32 in several of another.
 *
 * @param storage of each part
 * @param largest bytes of a tensor; a single row is not divided
 */
export function inParts(storage: Storage, largest: number): Storage {
  /** Where each part begins, and how many rows it has. */
  const cuts = (outDim: number, inDim: number) => {
    const most = Math.min(outDim, Math.max(1, Math.floor(largest / (4 * inDim))));
    const count = Math.max(1, Math.ceil(outDim / most));
    return Array.from({ length: count }, (_, k) => [k * most, Math.min(most, outDim - k * most)] as const);
  };
  const store = (values: Float32Array, outDim: number, inDim: number): Weight =>
    joinRows(
      cuts(outDim, inDim).map(([first, rows]) =>
        storage(values.subarray(first * inDim, (first + rows) * inDim), rows, inDim),
      ),
    );
  const load = async (matrix: FileMatrix): Promise<Weight> => {
    const parts: Weight[] = [];
    try {
      const whole = [[0, matrix.outDim] as const];
      for (const [first, rows] of matrix.whole ? whole : cuts(matrix.outDim, matrix.inDim)) {
        parts.push(await storeMatrix(storage, someRows(matrix, first, rows)));
      }
    } catch (error) {
      for (const part of parts) part.dispose();
      throw error;
    }
    return joinRows(parts);
  };
  return Object.assign(store, { load });
}

function someRows(matrix: FileMatrix, first: number, rows: number): FileMatrix {
  if (rows === matrix.outDim) return matrix;
  return {
    ...matrix,
    outDim: rows,
    first: (matrix.first ?? 0) + first,
    rows: (from, count) => matrix.rows(first + from, count),
    async bytes() {
      const all = await matrix.bytes();
      const row = all.length / matrix.outDim;
      return all.subarray(first * row, (first + rows) * row);
    },
  };
}

/** One weight of several, the rows of one after those of the other. A single one is itself. */
export function joinRows(parts: readonly Weight[]): Weight {
  const [only, ...others] = parts as [Weight, ...Weight[]];
  if (others.length === 0) return only;
  const { inDim } = only;
  let outDim = 0;
  const firsts = parts.map((part) => {
    outDim += part.outDim;
    return outDim - part.outDim;
  });
  return {
    inDim,
    outDim,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts,
    matMul: (x) =>
      engine().tidy(() =>
        concat(
          parts.map((part) => part.matMul(x)),
          -1,
        ),
      ),
    rows: (ids) =>
      engine().tidy(() =>
        parts
          .map((part, k) => rowsWithin(part, sub(ids, scalar(firsts[k] as number, 'int32'))))
          .reduce((a, b) => add(a, b)),
      ),
    read: () => engine().tidy(() => concat(parts.map((part) => part.read()))),
    encode: (dense) =>
      joinRows(
        parts.map((part, k) => {
          const own = slice(dense, [firsts[k] as number, 0], [part.outDim, inDim]);
          const made = part.encode(own);
          own.dispose();
          return made;
        }),
      ),
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}

/** Rows by index, and zeros for those that are not in this part. */
function rowsWithin(part: Weight, ids: Tensor): Tensor {
  const inside = logicalAnd(greaterEqual(ids, 0), less(ids, part.outDim));
  const rows = part.rows(mul(ids, cast(inside, 'int32')));
  return mul(rows, expandDims(cast(inside, 'float32'), -1));
}
