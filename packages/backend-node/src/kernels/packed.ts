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
import { BFLOAT16, HALF, int, ints, op, part, type Raw, raw, run, tensorflow } from '../native.ts';
import { add, matMul, reshape } from '../native-math.ts';

/** Numbers that are decoded at a time: 8 MiB of them. */
const TILE = 1 << 21;

const type = (name: string, value: number) => ({ name, type: tensorflow().binding.TF_ATTR_TYPE, value });

/** A view: no values move. */
const bitcast = (x: Raw, from: number, to: number): Raw => op('Bitcast', [type('T', from), type('type', to)], [x]);

/** Some rows of a packed matrix as float32, [n, i]. */
interface Reader {
  between(first: number, count: number): Raw;
  at(ids: Raw): Raw;
}

/** Two numbers of 16 bits to a word. They are cut and gathered as binary16, for which every device has kernels. */
function halves(dtype: number): (matrix: PackedMatrix) => Reader {
  return ({ outDim, inDim, tensors: { codes } }) => {
    const { TF_FLOAT, TF_INT32, TF_ATTR_BOOL } = tensorflow().binding;
    const width = 2 * (codes.shape[1] as number);
    const all = reshapeHalf(bitcast(raw(codes), TF_INT32, HALF), [outDim, width]);
    /** The first numbers of each row, without what fills its last word; of a matrix, `count` rows from `first` on. */
    const cut = (x: Raw, first: number, count: number): Raw => {
      if (count === x.shape[0] && inDim === width) return x;
      const lead = x.shape.slice(1, -1);
      const [begin, size] = [
        [first, ...lead.map(() => 0), 0],
        [count, ...lead, inDim],
      ];
      return op('Slice', [type('T', HALF), type('Index', TF_INT32)], [x, ints(begin), ints(size)]);
    };
    const cast = (x: Raw): Raw =>
      op(
        'Cast',
        [type('SrcT', dtype), type('DstT', TF_FLOAT), { name: 'Truncate', type: TF_ATTR_BOOL, value: false }],
        [dtype === HALF ? x : bitcast(x, HALF, dtype)],
      );
    return {
      between: (first, count) => cast(cut(all, first, count)),
      at(ids) {
        const types = [type('Tparams', HALF), type('Tindices', TF_INT32), type('Taxis', TF_INT32)];
        const found = op('GatherV2', types, [all, ids, int(0)]);
        return cast(cut(found, 0, found.shape[0] as number));
      },
    };
  };
}

function reshapeHalf(x: Raw, shape: readonly number[]): Raw {
  return op('Reshape', [type('T', HALF), type('Tshape', tensorflow().binding.TF_INT32)], [x, ints(shape)]);
}

const readers: Readonly<Record<string, (matrix: PackedMatrix) => Reader>> = {
  f16: halves(HALF),
  bf16: halves(BFLOAT16),
};

/** What `f` makes of the matrix, some rows after others. */
function overTiles({ outDim, inDim }: PackedMatrix, reader: Reader, f: (tile: Raw, first: number) => Raw): Raw[] {
  const most = Math.max(1, Math.floor(TILE / inDim));
  const found: Raw[] = [];
  for (let first = 0; first < outDim; first += most) {
    const count = Math.min(most, outDim - first);
    found.push(part(() => f(reader.between(first, count), first)));
  }
  return found;
}

function join(columns: readonly Raw[]): Raw {
  if (columns.length === 1) return columns[0] as Raw;
  const { TF_FLOAT, TF_INT32, TF_ATTR_INT } = tensorflow().binding;
  const count = { name: 'N', type: TF_ATTR_INT, value: columns.length };
  return op('ConcatV2', [type('T', TF_FLOAT), type('Tidx', TF_INT32), count], [...columns, int(1)]);
}

function columnsOf(x: Raw, first: number, count: number): Raw {
  if (count === x.shape[1]) return x;
  const { TF_FLOAT, TF_INT32 } = tensorflow().binding;
  return op('Slice', [type('T', TF_FLOAT), type('Index', TF_INT32)], [x, ints([0, first]), ints([-1, count])]);
}

const rowsOf = (x: Tensor): Raw => (x.rank === 2 ? raw(x) : reshape(raw(x), [-1, x.shape.at(-1) as number]));
const shaped = (x: Raw, like: Tensor): Raw =>
  like.rank === 2 ? x : reshape(x, [...like.shape.slice(0, -1), x.shape[1] as number]);

const product: Form<PackedMatMulInputs, PackedMatrix> = {
  forward(inputs, matrix) {
    const read = readers[matrix.packing.name];
    if (read === undefined) return packedMatMulOp.reference.forward(inputs, matrix);
    const [out] = run(() => {
      const x = rowsOf(inputs.x);
      return [shaped(join(overTiles(matrix, read(matrix), (tile) => matMul(x, tile, false, true))), inputs.x)];
    });
    return { out, saved: [] };
  },
  grad(dy, saved, matrix) {
    const read = readers[matrix.packing.name];
    if (read === undefined) return packedMatMulOp.reference.grad(dy, saved, matrix);
    const multiplied = (d: Raw) => (tile: Raw, first: number) =>
      matMul(columnsOf(d, first, tile.shape[0] as number), tile);
    return {
      x: () => run(() => [shaped(overTiles(matrix, read(matrix), multiplied(rowsOf(dy))).reduce(add), dy)])[0],
    };
  },
};

const rows: PackedRowsForm = (matrix, ids) => {
  const read = readers[matrix.packing.name];
  if (read === undefined) return packedRows.reference(matrix, ids);
  return run(() => {
    const reader = read(matrix);
    return [ids ? reader.at(raw(ids)) : reader.between(0, matrix.outDim)];
  })[0];
};

export const packedKernels: readonly Kernel[] = [kernel(packedMatMulOp, product), kernel(packedRows, rows)];
