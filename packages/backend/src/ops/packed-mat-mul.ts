// Products with a packed matrix, whatever its packing: one op for all storages, so that these do not multiply with backends.
import { add, concat, matMul, reshape, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';
import type { PackedArrays, PackedMatrix } from '../packing.ts';
import { rowsOf } from './low-rank.ts';

/** `x` [..., i]. */
export type PackedMatMulInputs = { readonly x: Tensor };

/** Numbers that the reference decodes at a time: no dense copy of the matrix ever exists. */
const TILE = 1 << 18;

/** The arrays of a packed matrix, read from the backend. */
export function packedArrays({ tensors }: PackedMatrix): PackedArrays {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, t.dataSync()])) as PackedArrays;
}

/** What `f` makes of the matrix, some rows [n, i] after others. */
function overTiles(matrix: PackedMatrix, f: (tile: Tensor, first: number, rows: number) => Tensor): Tensor[] {
  const { packing, outDim, inDim } = matrix;
  const arrays = packedArrays(matrix);
  const most = Math.max(1, Math.floor(TILE / inDim));
  const found: Tensor[] = [];
  for (let first = 0; first < outDim; first += most) {
    const rows = Math.min(most, outDim - first);
    const values = new Float32Array(rows * inDim);
    for (let r = 0; r < rows; r++) packing.decode(arrays, first + r, values.subarray(r * inDim, (r + 1) * inDim));
    const tile = tensor(values, [rows, inDim], 'float32');
    found.push(f(tile, first, rows));
    tile.dispose();
  }
  return found;
}

const reference: Form<PackedMatMulInputs, PackedMatrix> = {
  forward({ x }, matrix) {
    const rows = rowsOf(x);
    const parts = overTiles(matrix, (tile) => matMul(rows, tile, false, true));
    return { out: reshape(concat(parts, 1), [...x.shape.slice(0, -1), matrix.outDim]), saved: [] };
  },
  grad(dy, _saved, matrix) {
    return {
      x: () => {
        const drows = rowsOf(dy);
        let sum: Tensor = zeros([drows.shape[0] as number, matrix.inDim]);
        overTiles(matrix, (tile, first, n) => {
          const before = sum;
          sum = add(sum, matMul(slice(drows, [0, first], [-1, n]), tile));
          before.dispose();
          return sum;
        });
        return reshape(sum, [...dy.shape.slice(0, -1), matrix.inDim]);
      },
    };
  },
};

const op: FusedOp<PackedMatMulInputs, PackedMatrix> = fusedOp('PackedMatMul', reference);

/** x W', [..., i] to [..., o], with its gradient for x. The matrix is a constant. */
export function packedMatMul(x: Tensor, matrix: PackedMatrix): Tensor {
  const { outDim, inDim } = matrix;
  if (x.shape.at(-1) === inDim) return op({ x }, matrix);
  throw new Error(
    `[peftjs/backend] a packed matrix [${outDim}, ${inDim}] is multiplied with [..., ${inDim}], found [${x.shape}]`,
  );
}

/** For backends: the op that `packedMatMul` calls. */
export const packedMatMulOp: FusedOp<PackedMatMulInputs, PackedMatrix> = op;
