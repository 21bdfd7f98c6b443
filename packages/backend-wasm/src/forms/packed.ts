// Products with packed matrices, and their rows, on our kernels: a matrix is decoded where it is used, never as a whole.
import {
  type Form,
  type Kernel,
  kernel,
  type PackedMatMulInputs,
  type PackedMatrix,
  type PackedRowsForm,
  packedMatMulOp,
  packedRows,
} from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

/** Rows of x up to which decoding costs more than multiplying. */
const FEW_ROWS = 4;

export function packedKernels(r: Runtime): readonly Kernel[] {
  const { run } = r;
  const kinds: Readonly<Record<string, number>> = { f16: run.F16.value, bf16: run.BF16.value };
  /** Names the matrix to the next kernel; false where this module does not know its codes. */
  const select = ({ packing, tensors: { codes } }: PackedMatrix): boolean => {
    const kind = kinds[packing.name];
    if (kind === undefined) return false;
    run.setMatrix(kind, r.at(codes), 4 * (codes.shape[1] as number));
    return true;
  };
  const multiply = (x: Tensor, { outDim, inDim }: PackedMatrix, down: boolean): Tensor => {
    const [k, n] = down ? [outDim, inDim] : [inDim, outDim];
    const m = x.size / k;
    const out = r.tensor([...x.shape.slice(0, -1), n]);
    if (m > FEW_ROWS || down) run.packedMany(r.at(x), r.at(out), m, outDim, inDim, Number(down));
    else run.packedFew(r.at(x), r.at(out), m, outDim, inDim);
    return out;
  };
  const product: Form<PackedMatMulInputs, PackedMatrix> = {
    forward(inputs, matrix) {
      if (!select(matrix)) return packedMatMulOp.reference.forward(inputs, matrix);
      return { out: multiply(inputs.x, matrix, false), saved: [] };
    },
    grad(dy, saved, matrix) {
      return {
        x: () =>
          select(matrix)
            ? multiply(dy, matrix, true)
            : (packedMatMulOp.reference.grad(dy, saved, matrix).x as () => Tensor)(),
      };
    },
  };
  const rows: PackedRowsForm = (matrix, ids) => {
    if (!select(matrix)) return packedRows.reference(matrix, ids);
    const { outDim, inDim } = matrix;
    const out = r.tensor([...(ids?.shape ?? [outDim]), inDim]);
    run.packedRows(ids ? r.at(ids) : 0, r.at(out), out.size / inDim, outDim, inDim);
    return out;
  };
  return [kernel(packedMatMulOp, product), kernel(packedRows, rows)];
}
