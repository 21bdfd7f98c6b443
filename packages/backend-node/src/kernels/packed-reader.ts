// Rows of a packed matrix as float32, in native ops. Codes are cut and gathered as binary16, for which every device has kernels.
import {
  type CodeForm,
  type GroupedForm,
  groupSizes,
  type HalfForm,
  NESTED_BLOCK,
  type PackedMatrix,
} from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  BFLOAT16,
  HALF,
  INT8,
  int,
  ints,
  lent,
  op,
  type Raw,
  raw,
  table,
  tensorflow,
  typeAttribute,
  UINT8,
  UINT16,
} from '../native.ts';
import { add, mul, reshape } from '../native-math.ts';
import { staysInJavaScript } from './few-rows.ts';

/** Some rows, [n, i]. */
export interface Reader {
  between(first: number, count: number): Raw;
  at(ids: Raw): Raw;
}

/** Must run inside of `run`. */
export function readerOf(form: CodeForm, matrix: PackedMatrix): Reader {
  return form.kind === 'half' ? halves(form, matrix) : groups(form, matrix);
}

function halves({ exponent }: HalfForm, { inDim, tensors: { codes } }: PackedMatrix): Reader {
  const dtype = exponent === 5 ? HALF : BFLOAT16;
  const own = rowsOf(asHalves(raw(codes)), HALF);
  const read = (x: Raw): Raw => {
    const cut = firstColumns(x, inDim, HALF);
    return toFloat(dtype === HALF ? cut : bitcast(cut, HALF, dtype), dtype);
  };
  return { between: (first, count) => read(own.between(first, count)), at: (ids) => read(own.at(ids)) };
}

function groups(form: GroupedForm, matrix: PackedMatrix): Reader {
  const { TF_FLOAT, TF_INT32 } = tensorflow().binding;
  const { inDim, tensors } = matrix;
  const { offsets } = tensors as Partial<Record<string, Tensor>>;
  const own = staysInJavaScript(form) ? lent : raw;
  const sizes = groupSizes(form, inDim);
  const numbersOf = (codes: Raw): Raw => {
    if (form.levels === null) return toFloat(bitcast(codes, HALF, INT8), INT8);
    return gather(foursOf(form.levels), cast(bitcast(codes, HALF, UINT16), UINT16, TF_INT32), TF_FLOAT);
  };
  const parts = [
    rowsOf(asHalves(own(tensors.codes)), HALF),
    rowsOf(scalesOf(form, matrix, own), TF_FLOAT),
    ...(offsets === undefined ? [] : [rowsOf(own(offsets), TF_FLOAT)]),
  ];
  const read = ([codes, scale, offset]: readonly Raw[]): Raw => {
    const count = (codes as Raw).shape[0] as number;
    const each = [count * sizes.groups, 1];
    const product = mul(reshape(numbersOf(codes as Raw), [-1, sizes.length]), reshape(scale as Raw, each));
    const numbers = offset === undefined ? product : add(product, reshape(offset, each));
    return firstColumns(reshape(numbers, [count, sizes.groups * sizes.length]), inDim, TF_FLOAT);
  };
  return {
    between: (first, count) => read(parts.map((part) => part.between(first, count))),
    at(ids) {
      const found = read(parts.map((part) => part.at(reshapeAs(ids, [-1], TF_INT32))));
      return reshape(found, [...ids.shape, inDim]);
    },
  };
}

/** What the four codes of 16 bits say, [65536, 4]: looking up four at a time takes less time than one by one. */
function foursOf(levels: Float32Array): Raw {
  return table(`of ${levels}`, [0x10000, 4], () => {
    const shifts = [4, 0, 12, 8];
    return Float32Array.from(
      { length: 0x40000 },
      (_, k) => levels[((k >> 2) >> (shifts[k & 3] as number)) & 15] as number,
    );
  });
}

/** Scales, nested or not, [o, groups]. */
function scalesOf(form: GroupedForm, { outDim, inDim, tensors }: PackedMatrix, own: (x: Tensor) => Raw): Raw {
  const part = (name: string) => own(tensors[name] as Tensor);
  if (form.map === null) return part('scales');
  const { groups } = groupSizes(form, inDim);
  const { TF_FLOAT, TF_INT32 } = tensorflow().binding;
  const codes = cast(bitcast(part('scales'), TF_INT32, UINT8), UINT8, TF_INT32);
  const numbers = reshape(gather(part('map'), codes, TF_FLOAT), [-1, NESTED_BLOCK]);
  const sizes = slice(part('blocks'), [1], [-1], TF_FLOAT);
  const mean = slice(part('blocks'), [0], [1], TF_FLOAT);
  const all = add(mul(numbers, reshape(sizes, [-1, 1])), mean);
  return reshape(slice(reshape(all, [-1]), [0], [outDim * groups], TF_FLOAT), [outDim, groups]);
}

function rowsOf(x: Raw, dtype: number): Reader {
  const width = x.shape[1] as number;
  return {
    between: (first, count) => (count === x.shape[0] ? x : slice(x, [first, 0], [count, width], dtype)),
    at: (ids) => gather(x, ids, dtype),
  };
}

/** Without what fills the last word or group. */
function firstColumns(x: Raw, count: number, dtype: number): Raw {
  if (x.shape.at(-1) === count) return x;
  const lead = x.shape.slice(0, -1);
  return slice(x, [...lead.map(() => 0), 0], [...lead, count], dtype);
}

function slice(x: Raw, begin: readonly number[], size: readonly number[], dtype: number): Raw {
  const types = [typeAttribute('T', dtype), typeAttribute('Index', tensorflow().binding.TF_INT32)];
  return op('Slice', types, [x, ints(begin), ints(size)]);
}

function gather(x: Raw, ids: Raw, dtype: number): Raw {
  const { TF_INT32 } = tensorflow().binding;
  const types = [
    typeAttribute('Tparams', dtype),
    typeAttribute('Tindices', TF_INT32),
    typeAttribute('Taxis', TF_INT32),
  ];
  return op('GatherV2', types, [x, ids, int(0)]);
}

function cast(x: Raw, from: number, to: number): Raw {
  const truncate = { name: 'Truncate', type: tensorflow().binding.TF_ATTR_BOOL, value: false };
  return op('Cast', [typeAttribute('SrcT', from), typeAttribute('DstT', to), truncate], [x]);
}

const toFloat = (x: Raw, from: number): Raw => cast(x, from, tensorflow().binding.TF_FLOAT);

/** Views: no values move. */
const bitcast = (x: Raw, from: number, to: number): Raw =>
  op('Bitcast', [typeAttribute('T', from), typeAttribute('type', to)], [x]);

function reshapeAs(x: Raw, shape: readonly number[], dtype: number): Raw {
  const types = [typeAttribute('T', dtype), typeAttribute('Tshape', tensorflow().binding.TF_INT32)];
  return op('Reshape', types, [x, ints(shape)]);
}

function asHalves(codes: Raw): Raw {
  const [rows, words] = codes.shape as [number, number];
  return reshapeAs(bitcast(codes, tensorflow().binding.TF_INT32, HALF), [rows, 2 * words], HALF);
}
