// Products with packed matrices, and their rows, in native ops: some rows are decoded, multiplied with and let go before the
// next ones, so that no dense copy of a large matrix exists.
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
import { int, ints, op, part, type Raw, raw, run, tensorflow, typeAttribute } from '../native.ts';
import { add, matMul, reshape } from '../native-math.ts';
import { FEW_ROWS, staysInJavaScript, timesFewRows } from './few-rows.ts';
import { readerOf } from './packed-reader.ts';

/** Numbers that are decoded at a time: 8 MiB of them. */
const TILE = 1 << 21;

/** What `f` makes of the matrix, some rows after others, by the first of them and their number. */
function overTiles({ outDim, inDim }: PackedMatrix, f: (first: number, count: number) => Raw): Raw[] {
  const most = Math.max(1, Math.floor(TILE / inDim));
  const found: Raw[] = [];
  for (let first = 0; first < outDim; first += most) {
    const count = Math.min(most, outDim - first);
    found.push(part(() => f(first, count)));
  }
  return found;
}

function join(columns: readonly Raw[]): Raw {
  if (columns.length === 1) return columns[0] as Raw;
  const { TF_FLOAT, TF_INT32, TF_ATTR_INT } = tensorflow().binding;
  const count = { name: 'N', type: TF_ATTR_INT, value: columns.length };
  return op('ConcatV2', [typeAttribute('T', TF_FLOAT), typeAttribute('Tidx', TF_INT32), count], [...columns, int(1)]);
}

function columnsOf(x: Raw, first: number, count: number): Raw {
  if (count === x.shape[1]) return x;
  const { TF_FLOAT, TF_INT32 } = tensorflow().binding;
  return op(
    'Slice',
    [typeAttribute('T', TF_FLOAT), typeAttribute('Index', TF_INT32)],
    [x, ints([0, first]), ints([-1, count])],
  );
}

const rowsOf = (x: Tensor): Raw => (x.rank === 2 ? raw(x) : reshape(raw(x), [-1, x.shape.at(-1) as number]));
const shaped = (x: Raw, like: Tensor): Raw =>
  like.rank === 2 ? x : reshape(x, [...like.shape.slice(0, -1), x.shape[1] as number]);

const product: Form<PackedMatMulInputs, PackedMatrix> = {
  forward(inputs, matrix) {
    const { form } = matrix.packing;
    if (form === undefined) return packedMatMulOp.reference.forward(inputs, matrix);
    if (inputs.x.size <= FEW_ROWS * matrix.inDim && staysInJavaScript(form)) {
      return { out: timesFewRows(form, matrix, inputs.x), saved: [] };
    }
    const [out] = run(() => {
      const [x, reader] = [rowsOf(inputs.x), readerOf(form, matrix)];
      const columns = (first: number, count: number) => matMul(x, reader.between(first, count), false, true);
      return [shaped(join(overTiles(matrix, columns)), inputs.x)];
    });
    return { out, saved: [] };
  },
  grad(dy, saved, matrix) {
    const { form } = matrix.packing;
    if (form === undefined) return packedMatMulOp.reference.grad(dy, saved, matrix);
    return {
      x: () =>
        run(() => {
          const [d, reader] = [rowsOf(dy), readerOf(form, matrix)];
          const multiplied = (first: number, count: number) =>
            matMul(columnsOf(d, first, count), reader.between(first, count));
          return [shaped(overTiles(matrix, multiplied).reduce(add), dy)];
        })[0],
    };
  },
};

const rows: PackedRowsForm = (matrix, ids) => {
  const { form } = matrix.packing;
  if (form === undefined || (ids && staysInJavaScript(form))) return packedRows.reference(matrix, ids);
  return run(() => {
    const reader = readerOf(form, matrix);
    return [ids ? reader.at(raw(ids)) : reader.between(0, matrix.outDim)];
  })[0];
};

export const packedKernels: readonly Kernel[] = [kernel(packedMatMulOp, product), kernel(packedRows, rows)];
