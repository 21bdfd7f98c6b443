// tfjs's own kernels on few numbers that are in JavaScript, as small fused ops leave theirs: what they give is there again, so
// that a token passes through a block without a native op but its products.
import { type KernelFunc, type Tensor, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { valuesHere } from './in-javascript.ts';
import { lend, raw, read, tensorflow } from './native.ts';
import { matMul } from './native-math.ts';

type Call = Parameters<KernelFunc>[0];

/** Numbers up to which loops are faster. */
const SMALL = 16384;
/** Keys and values are copied, no more. */
const SMALL_COPY = 65536;

const here = (values: Float32Array, shape: number[]): TensorInfo => ({
  dataId: tensorflow().write(values, shape, 'float32'),
  shape,
  dtype: 'float32',
});

/** Shares the values. */
function reshape({ inputs, attrs }: Call): TensorInfo | null {
  const { x } = inputs as { x: TensorInfo };
  const values = valuesHere(x, SMALL_COPY);
  if (values === null) return null;
  const shape = util.inferFromImplicitShape((attrs as unknown as { shape: number[] }).shape, values.length);
  return util.sizeFromShape(shape) === values.length ? here(values, shape) : null;
}

/** Rows [..., i] by a matrix: uploaded as rows and read as what they are to be, for which no op is called. */
function rowsByMatrix({ inputs, attrs }: Call): TensorInfo | null {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  if (a.shape.length === 2 || b.shape.length !== 2 || transposeA) return null;
  const shape = [...a.shape.slice(0, -1), b.shape[transposeB ? 0 : 1] as number];
  const values = util.sizeFromShape(shape) > SMALL ? null : valuesHere(a, SMALL);
  if (values === null) return null;
  const inDim = a.shape.at(-1) as number;
  const rows = () => lend(values, [util.sizeFromShape(a.shape.slice(0, -1)), inDim]);
  return here(
    read(() => matMul(rows(), raw(b as Tensor), false, transposeB)),
    shape,
  );
}

/** Of one shape, or a bias for each row. */
function add({ inputs }: Call): TensorInfo | null {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  const width = util.sizeFromShape(b.shape);
  if (b.dtype !== 'float32' || width === 0 || b.shape.join() !== a.shape.slice(-b.shape.length).join()) return null;
  const [mine, other] = [valuesHere(a, SMALL), valuesHere(b, SMALL)];
  if (mine === null && (other === null || a.dtype !== 'float32' || width !== util.sizeFromShape(a.shape))) return null;
  const left = mine ?? tensorflow().readSync(a.dataId);
  const right = other ?? tensorflow().readSync(b.dataId);
  const sum = new Float32Array(left.length);
  for (let first = 0; first < sum.length; first += width) {
    for (let i = 0; i < width; i++) sum[first + i] = (left[first + i] as number) + (right[i] as number);
  }
  return here(sum, a.shape);
}

/** One that is not in JavaScript yet, such as a prompt's keys, is read once. */
function concat({ inputs, attrs }: Call): TensorInfo | null {
  const parts = Object.values(inputs) as TensorInfo[];
  const total = parts.reduce((n, part) => n + util.sizeFromShape(part.shape), 0);
  if (total > SMALL_COPY || parts.some((part) => part.dtype !== 'float32')) return null;
  const found = parts.map((part) => valuesHere(part, SMALL_COPY));
  if (found.every((values) => values === null)) return null;
  const shape = [...(parts[0] as TensorInfo).shape];
  const axis = util.parseAxisParam((attrs as { axis: number }).axis, shape)[0] as number;
  const fits = (part: TensorInfo) => part.shape.every((length, k) => k === axis || length === shape[k]);
  if (!parts.every((part) => part.shape.length === shape.length && fits(part))) return null;
  shape[axis] = parts.reduce((n, part) => n + (part.shape[axis] as number), 0);
  const values = found.map((own, k) => own ?? tensorflow().readSync((parts[k] as TensorInfo).dataId));
  const outer = util.sizeFromShape(shape.slice(0, axis));
  const joined = new Float32Array(total);
  let at = 0;
  for (let n = 0; n < outer; n++) {
    for (const part of values) {
      const run = part.length / outer;
      joined.set(part.subarray(n * run, (n + 1) * run), at);
      at += run;
    }
  }
  return here(joined, shape);
}

const small: Readonly<Record<string, (call: Call) => TensorInfo | null>> = {
  Reshape: reshape,
  BatchMatMul: rowsByMatrix,
  Add: add,
  Concat: concat,
};

/** These kernels, by name, with the small one before each that has one. */
export function smallFirst(kernels: Readonly<Record<string, KernelFunc>>): Readonly<Record<string, KernelFunc>> {
  const made = Object.entries(kernels).map(([name, other]): [string, KernelFunc] => {
    const first = small[name];
    return [name, first === undefined ? other : (call) => first(call) ?? other(call)];
  });
  return Object.fromEntries(made);
}
