// A Weight over a packed matrix, whatever its packing.
import { type PackedMatrix, type PackedTensors, type Packing, pack, packedMatMul, packedRows } from '@peftjs/backend';
import type { FileCodes, Weight } from '@peftjs/core';
import { type Tensor, variable } from '@tensorflow/tfjs-core';

/** A packing whose codes files have as well. */
export interface FilePacking extends Packing {
  /** A matrix as files have it; null where they have none of its shape. */
  fileCodes?(matrix: PackedMatrix): Promise<FileCodes | null>;
}

/** Holds the matrix's tensors from now on. */
export function packedWeight({
  packing,
  outDim,
  inDim,
  tensors,
}: PackedMatrix & { readonly packing: FilePacking }): Weight {
  const { fileCodes } = packing;
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
    ...(fileCodes && { fileCodes: () => fileCodes(matrix) }),
    dispose() {
      for (const own of Object.values(held)) own.dispose();
    },
  };
}
