// Products with packed matrices, and their rows, on our kernels: a matrix is decoded where it is used, never as a whole.
import {
  type CodeForm,
  type Form,
  groupSizes,
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

/** Rows of x up to which decoding costs more than multiplying, as benchmarks/wasm-kernels.mjs shows. */
const FEW_ROWS = 4;

export function packedKernels(r: Runtime): readonly Kernel[] {
  const { run } = r;
  const scratch = run.GEMM_SCRATCH.value as number;
  const pointer = (tensor: Tensor | undefined): number => (tensor === undefined ? 0 : r.at(tensor));
  /** Names the matrix to the next kernel; false where this module does not know its codes. */
  const select = ({ packing: { form }, inDim, tensors }: PackedMatrix): boolean => {
    if (form === undefined) return false;
    const { codes } = tensors;
    run.setMatrix(kindOf(form), r.at(codes), 4 * (codes.shape[1] as number));
    if (form.kind !== 'grouped') return true;
    const { length, groups } = groupSizes(form, inDim);
    const { scales, offsets, levels, blocks, map } = tensors as Partial<Record<string, Tensor>>;
    run.setGroups(length, groups, ...[scales, offsets, levels, blocks, map].map(pointer), Number(form.inputs === 8));
    return true;
  };
  const kindOf = (form: CodeForm): number => {
    if (form.kind === 'half') return (form.exponent === 5 ? run.F16 : run.BF16).value;
    return (form.levels === null ? run.GROUPS8 : run.GROUPS4).value;
  };
  /** Whether so many rows of x, filled up to whole groups and with the groups' sums, have room where few rows are kept. */
  const areFew = (m: number, { packing: { form }, inDim }: PackedMatrix): boolean => {
    const { length, groups } = form?.kind === 'grouped' ? groupSizes(form, inDim) : { length: inDim, groups: 1 };
    return m <= FEW_ROWS && 4 * m * groups * (length + 1) <= scratch;
  };
  const multiply = (x: Tensor, matrix: PackedMatrix, down: boolean): Tensor => {
    const { outDim, inDim } = matrix;
    const [k, n] = down ? [outDim, inDim] : [inDim, outDim];
    const m = x.size / k;
    const out = r.tensor([...x.shape.slice(0, -1), n]);
    if (down || !areFew(m, matrix)) run.packedMany(r.at(x), r.at(out), m, outDim, inDim, Number(down));
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
