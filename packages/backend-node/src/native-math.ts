// The TensorFlow ops that the kernels are written in, on raw float32 tensors.
import { type Attribute, float, int, ints, op, ops, type Raw, tensorflow } from './native.ts';

interface Attributes {
  readonly float: readonly Attribute[];
  /** By 2 · (left transposed) + (right transposed). */
  readonly matMul: readonly (readonly Attribute[])[];
  readonly batchMatMul: readonly (readonly Attribute[])[];
  readonly reduce: readonly Attribute[];
  readonly reduceKeep: readonly Attribute[];
  readonly reshape: readonly Attribute[];
  readonly transpose: readonly Attribute[];
  readonly concat: readonly Attribute[];
  readonly roll: readonly Attribute[];
  readonly bandPart: readonly Attribute[];
  readonly fill: readonly Attribute[];
}

let built: Attributes | undefined;

/** Built once: making such objects is a good part of what a small op costs. */
function attributes(): Attributes {
  if (built !== undefined) return built;
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT, TF_FLOAT, TF_INT32 } = tensorflow().binding;
  const type = (name: string, value: number): Attribute => ({ name, type: TF_ATTR_TYPE, value });
  const bool = (name: string, value: boolean): Attribute => ({ name, type: TF_ATTR_BOOL, value });
  const t = [type('T', TF_FLOAT)];
  const products = (x: string, y: string) =>
    [false, true].flatMap((a) => [false, true].map((b) => [...t, bool(x, a), bool(y, b)]));
  built = {
    float: t,
    matMul: products('transpose_a', 'transpose_b'),
    batchMatMul: products('adj_x', 'adj_y'),
    reduce: [...t, type('Tidx', TF_INT32), bool('keep_dims', false)],
    reduceKeep: [...t, type('Tidx', TF_INT32), bool('keep_dims', true)],
    reshape: [...t, type('Tshape', TF_INT32)],
    transpose: [...t, type('Tperm', TF_INT32)],
    concat: [...t, type('Tidx', TF_INT32), { name: 'N', type: TF_ATTR_INT, value: 2 }],
    roll: [...t, type('Tshift', TF_INT32), type('Taxis', TF_INT32)],
    bandPart: [...t, type('Tindex', TF_INT32)],
    fill: [...t, type('index_type', TF_INT32)],
  };
  return built;
}

export const add = (a: Raw, b: Raw): Raw => op('AddV2', attributes().float, [a, b]);
export const sub = (a: Raw, b: Raw): Raw => op('Sub', attributes().float, [a, b]);
export const mul = (a: Raw, b: Raw): Raw => op('Mul', attributes().float, [a, b]);
export const scale = (a: Raw, factor: number): Raw => (factor === 1 ? a : mul(a, float(factor)));
export const rsqrt = (x: Raw): Raw => op('Rsqrt', attributes().float, [x]);
export const square = (x: Raw): Raw => op('Square', attributes().float, [x]);
export const exp = (x: Raw): Raw => op('Exp', attributes().float, [x]);
export const erf = (x: Raw): Raw => op('Erf', attributes().float, [x]);
export const sigmoid = (x: Raw): Raw => op('Sigmoid', attributes().float, [x]);
/** dz · s (1 - s), for s = sigmoid(z). */
export const sigmoidGrad = (s: Raw, dz: Raw): Raw => op('SigmoidGrad', attributes().float, [s, dz]);
export const softmax = (x: Raw): Raw => op('Softmax', attributes().float, [x]);

/** The product of two matrices. */
export function matMul(a: Raw, b: Raw, transposeA = false, transposeB = false): Raw {
  return op('MatMul', attributes().matMul[2 * Number(transposeA) + Number(transposeB)] ?? [], [a, b]);
}

/** The products of the matrices in the last two dimensions. */
export function batchMatMul(a: Raw, b: Raw, transposeA = false, transposeB = false): Raw {
  return op('BatchMatMulV2', attributes().batchMatMul[2 * Number(transposeA) + Number(transposeB)] ?? [], [a, b]);
}

/** A view: no values move. */
export const reshape = (x: Raw, shape: readonly number[]): Raw => op('Reshape', attributes().reshape, [x, ints(shape)]);
export const transpose = (x: Raw, order: readonly number[]): Raw =>
  op('Transpose', attributes().transpose, [x, ints(order)]);
export const concat = (a: Raw, b: Raw, axis: number): Raw => op('ConcatV2', attributes().concat, [a, b, int(axis)]);
/** Shifts along the last dimension, around its end. */
export const roll = (x: Raw, by: number): Raw => op('Roll', attributes().roll, [x, int(by), int(x.shape.length - 1)]);

/** Reduces the last dimension, and keeps it with length 1. */
const overLast =
  (name: string) =>
  (x: Raw): Raw =>
    op(name, attributes().reduceKeep, [x, ints([x.shape.length - 1])]);
export const sumLast: (x: Raw) => Raw = overLast('Sum');
export const meanLast: (x: Raw) => Raw = overLast('Mean');
/** The square root of the sum of squares. */
export const normLast: (x: Raw) => Raw = overLast('EuclideanNorm');

/** Sums over some dimensions and drops them. */
export const sumOver = (x: Raw, axes: readonly number[]): Raw => op('Sum', attributes().reduce, [x, ints(axes)]);

/** A matrix of `value` strictly above the diagonal `above`, and of 0 elsewhere. */
export function upperTriangle(rows: number, columns: number, above: number, value: number): Raw {
  const full = op('Fill', attributes().fill, [ints([rows, columns]), float(value)]);
  return sub(full, op('MatrixBandPart', attributes().bandPart, [full, int(-1), int(above)]));
}

/** Loss [n] and its gradient [n, v] of each row of `logits` [n, v]; `labels` [n] int32 within the rows. */
export function softmaxCrossEntropy(logits: Raw, labels: Raw): readonly [loss: Raw, gradient: Raw] {
  const { TF_ATTR_TYPE, TF_INT32 } = tensorflow().binding;
  const types = [...attributes().float, { name: 'Tlabels', type: TF_ATTR_TYPE, value: TF_INT32 }];
  return ops('SparseSoftmaxCrossEntropyWithLogits', types, [logits, labels], 2) as readonly [Raw, Raw];
}
