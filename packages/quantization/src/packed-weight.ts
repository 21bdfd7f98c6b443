// A Weight over a packed matrix, whatever its packing.
import { type PackedMatrix, type PackedTensors, pack, packedMatMul, packedRows } from '@peftjs/backend';
import type { Weight } from '@peftjs/core';
import { type Tensor, variable } from '@tensorflow/tfjs-core';

/** Holds the matrix's tensors from now on. */
export function packedWeight({ packing, outDim, inDim, tensors }: PackedMatrix): Weight {
  const held: Record<string, Tensor> = {};
  for (const [name, start] of Object.entries(tensors)) {
    held[name] = variable(start, false);
    start.dispose();
  }
  const matrix: PackedMatrix = { packing, outDim, inDim, tensors: held as PackedTensors };
  return {
    inDim,
    outDim,
    bytes: Object.values(held).reduce((sum, { size }) => sum + 4 * size, 0),
    matMul: (x) => packedMatMul(x, matrix),
    rows: (ids) => packedRows(matrix, ids),
    read: () => packedRows(matrix),
    encode(dense: Tensor) {
      const [rows, columns] = dense.shape as [number, number];
      return packedWeight({ packing, outDim: rows, inDim: columns, tensors: pack(dense, packing) });
    },
    dispose() {
      for (const own of Object.values(held)) own.dispose();
    },
  };
}
