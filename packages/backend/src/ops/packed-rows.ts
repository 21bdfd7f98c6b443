// Rows of a packed matrix as float32: those of an embedding, or all of them.
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { engine, untaped } from '../engine.ts';
import { activeForm, type Replaceable } from '../fused-op.ts';
import type { PackedMatrix } from '../packing.ts';
import { packedArrays } from './packed-mat-mul.ts';

/** @param ids int32 of any shape; every row in order when left out */
export type PackedRowsForm = (matrix: PackedMatrix, ids?: Tensor) => Tensor;

const reference: PackedRowsForm = (matrix, ids) => {
  const { packing, outDim, inDim } = matrix;
  const arrays = packedArrays(matrix);
  const wanted = ids?.dataSync() ?? Array.from({ length: outDim }, (_, row) => row);
  const values = new Float32Array(wanted.length * inDim);
  for (const [n, row] of wanted.entries()) {
    if (row >= 0 && row < outDim) packing.decode(arrays, row, values.subarray(n * inDim, (n + 1) * inDim));
  }
  return tensor(values, [...(ids?.shape ?? [outDim]), inDim], 'float32');
};

const call: PackedRowsForm = (matrix, ids) =>
  engine().tidy('PackedRows', () => untaped(() => activeForm('PackedRows', reference)(matrix, ids)));

/** W[ids], [..., i], or W, [o, i]. A constant. */
export const packedRows: PackedRowsForm & Replaceable<PackedRowsForm> = Object.assign(call, {
  opName: 'PackedRows',
  reference,
});
