// TensorFlow ops by name on raw tensors, past tfjs: no dispatch and no tracking for what a fused op makes on its way.
import { engine } from '@peftjs/backend';
import { backend, type Tensor } from '@tensorflow/tfjs-core';

/** A tensor as the binding knows it. */
export interface Raw {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

/** What is used of tfjs-node's native binding. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Raw[];
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
}

/** What is used of tfjs-node's backend object. */
export interface TensorflowBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  getDTypeInteger(dtype: string): number;
  getInputTensorIds(tensors: readonly Pick<Tensor, 'dataId'>[]): number[];
  createOutputTensor(raw: Raw): Tensor;
}

/** tfjs-node's backend; it must be the active one. */
export function tensorflow(): TensorflowBackend {
  return backend() as unknown as TensorflowBackend;
}

/** Constants, such as shapes and axes, that stay uploaded; the ones unused for longest go first. */
const CONSTANTS = 512;
const constants = new Map<string, Raw>();

/** TensorFlow's types of 16 and 8 bits, which tfjs does not know. */
export const HALF = 19;
export const BFLOAT16 = 14;
export const UINT8 = 4;
export const INT8 = 6;
export const UINT16 = 17;

const WIDTHS: Readonly<Record<number, number>> = { [HALF]: 2, [BFLOAT16]: 2, [UINT16]: 2, [UINT8]: 1, [INT8]: 1 };
const widthOf = ({ dtype }: Raw): number => WIDTHS[dtype] ?? 4;

/** An attribute of an op that is a type. */
export function typeAttribute(name: string, value: number): Attribute {
  return { name, type: tensorflow().binding.TF_ATTR_TYPE, value };
}

/** Ops whose output is their input's memory. */
const VIEWS: ReadonlySet<string> = new Set(['Bitcast', 'Reshape']);

let made: Raw[] = [];

/**
 * Runs `f`, makes tensors of what it returns, and frees whatever else its ops made. Until then all of it counts in the
 * engine's books, so that a peak of memory measured there holds.
 * @param f gives results of its own ops, never an input
 */
export function run<const R extends readonly Raw[]>(f: () => R): { [K in keyof R]: Tensor } {
  const outer = made;
  made = [];
  const self = tensorflow();
  const { tensorInfo } = engine().state;
  let kept: readonly Raw[] = [];
  try {
    kept = f();
  } finally {
    for (const raw of made) {
      tensorInfo.delete(raw);
      if (!kept.includes(raw)) self.binding.deleteTensor(raw.id);
    }
    made = outer;
  }
  return kept.map((raw) => self.createOutputTensor(raw)) as { [K in keyof R]: Tensor };
}

/** Runs `f` as a part of what `run` runs, and frees at once what its ops made on the way to its result. */
export function part(f: () => Raw): Raw {
  const outer = made;
  made = [];
  const { binding } = tensorflow();
  const { tensorInfo } = engine().state;
  let kept: Raw | undefined;
  try {
    kept = f();
    return kept;
  } finally {
    for (const raw of made) {
      if (raw === kept) outer.push(raw);
      else {
        tensorInfo.delete(raw);
        binding.deleteTensor(raw.id);
      }
    }
    made = outer;
  }
}

/** A tfjs tensor as an input of an op. */
export function raw(tensor: Tensor): Raw {
  const [id] = tensorflow().getInputTensorIds([tensor]) as [number];
  return { id, shape: tensor.shape, dtype: tensorflow().getDTypeInteger(tensor.dtype) };
}

/** The same, of a tensor whose values stay in JavaScript: uploaded until `run` has run. */
export function lent(tensor: Tensor): Raw {
  const dtype = tensorflow().getDTypeInteger(tensor.dtype);
  const values = tensor.dataSync() as Float32Array | Int32Array;
  const own = { id: tensorflow().binding.createTensor(tensor.shape, dtype, values), shape: tensor.shape, dtype };
  made.push(own);
  engine().state.tensorInfo.set(own, { bytes: values.byteLength });
  return own;
}

/** Runs one TensorFlow op. */
export function op(name: string, attributes: readonly Attribute[], inputs: readonly Raw[]): Raw {
  return ops(name, attributes, inputs, 1)[0] as Raw;
}

/** Runs one TensorFlow op of several outputs. */
export function ops(
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly Raw[],
  outputs: number,
): readonly Raw[] {
  const found = tensorflow().binding.executeOp(
    name,
    attributes,
    inputs.map((input) => input.id),
    outputs,
  );
  const { tensorInfo } = engine().state;
  for (const raw of found) {
    made.push(raw);
    if (!VIEWS.has(name)) tensorInfo.set(raw, { bytes: widthOf(raw) * raw.shape.reduce((n, length) => n * length, 1) });
  }
  return found;
}

function constant(
  key: string,
  shape: readonly number[],
  dtype: 'float32' | 'int32',
  values: () => Iterable<number>,
): Raw {
  const known = constants.get(key);
  if (known !== undefined) {
    constants.delete(key);
    constants.set(key, known);
    return known;
  }
  const { binding } = tensorflow();
  const type = dtype === 'int32' ? binding.TF_INT32 : binding.TF_FLOAT;
  const array = dtype === 'int32' ? Int32Array.from(values()) : Float32Array.from(values());
  const fresh = { id: binding.createTensor(shape, type, array), shape, dtype: type };
  constants.set(key, fresh);
  if (constants.size > CONSTANTS) {
    const [oldest, { id }] = constants.entries().next().value as [string, Raw];
    constants.delete(oldest);
    binding.deleteTensor(id);
  }
  return fresh;
}

/** A list of integers, such as a shape: [n] int32. */
export function ints(values: readonly number[]): Raw {
  return constant(`[${values}]`, [values.length], 'int32', () => values);
}

/** An int32 scalar. */
export function int(value: number): Raw {
  return constant(`i${value}`, [], 'int32', () => [value]);
}

/** A float32 scalar. */
export function float(value: number): Raw {
  return constant(`f${value}`, [], 'float32', () => [value]);
}

/** A float32 table. @param name its own among all tables, whose values are made once */
export function table(name: string, shape: readonly number[], values: () => Float32Array): Raw {
  return constant(`table ${name}`, shape, 'float32', values);
}
