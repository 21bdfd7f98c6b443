// Inputs of TensorFlow ops that are the same again and again.
import { type Raw, tensorflow } from './native.ts';

/** Constants, such as shapes and axes, that stay uploaded; the ones unused for longest go first. */
const CONSTANTS = 512;
const constants = new Map<string, Raw>();

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
