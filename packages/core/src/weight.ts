// A frozen matrix, however it is stored. Storages know nothing of methods, and methods nothing of storages.
import { lookup } from '@peftjs/backend';
import { matMul, type Tensor, tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import type { FileCodes } from './storage.ts';

/** The matrix of a linear layer, [o, i], or the table of an embedding, [v, d] (o = v, i = d). */
export interface Weight {
  readonly inDim: number;
  readonly outDim: number;
  /** What the process holds for it. */
  readonly bytes: number;
  /** Where the matrix itself can be trained: the variable that holds it, [o, i]. */
  readonly variable?: Variable;
  /** Of one that several hold, some rows each: these. What each encodes of its rows, `joinRows` makes one again. */
  readonly parts?: readonly Weight[];
  /** x W', [..., i] to [..., o], with its gradient for x. */
  matMul(x: Tensor): Tensor;
  /** Rows by index, int32 of any shape to [..., i], for the table of an embedding. */
  rows(ids: Tensor): Tensor;
  /** The matrix as float32, [o, i]. The caller owns it. */
  read(): Tensor;
  /** Another weight of the same storage. */
  encode(dense: Tensor): Weight;
  /** Its codes as files have them; null where none have a matrix of this shape. Without it, files get numbers. */
  fileCodes?(): Promise<FileCodes | null>;
  dispose(): void;
}

/**
 * A float32 weight.
 *
 * @param values [o, i], row-major, or a tensor whose numbers are shared
 * @example
 * const weight = dense(new Float32Array([1, 2, 3, 4, 5, 6]), 2, 3);
 */
export function dense(values: Float32Array, outDim: number, inDim: number): Weight;
export function dense(values: Tensor): Weight;
export function dense(values: Float32Array | Tensor, ...shape: number[]): Weight {
  if ('dataId' in values) return fromTensor(values);
  const start = tensor(values, shape, 'float32');
  const held = fromTensor(start);
  start.dispose();
  return held;
}

function fromTensor(start: Tensor): Weight {
  const [outDim, inDim] = start.shape as [number, number];
  const held = variable(start, false);
  return {
    inDim,
    outDim,
    bytes: 4 * outDim * inDim,
    variable: held,
    matMul: (x) => matMul(x, held, false, true),
    rows: (ids) => lookup(held, ids),
    read: () => held.clone(),
    encode: fromTensor,
    dispose: () => held.dispose(),
  };
}
