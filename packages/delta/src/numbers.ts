// The bytes of floating-point numbers as float32, and back.
import {
  DTYPE_BITS,
  type Dtype,
  decodeBfloat16,
  decodeFloat16,
  encodeBfloat16,
  encodeFloat16,
} from '@peftjs/safetensors';

/** What lossy codecs reckon with. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export function isFloat(dtype: Dtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** In memory of its own, or in the `values` that are given, of which as many as there are numbers are taken. */
export function decodeNumbers(bytes: Uint8Array, dtype: FloatDtype, values?: Float32Array): Float32Array {
  const count = (8 * bytes.length) / DTYPE_BITS[dtype];
  const out = values?.subarray(0, count) ?? new Float32Array(count);
  if (dtype === 'F32') new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
  else (dtype === 'F16' ? decodeFloat16 : decodeBfloat16)(codesIn(bytes), out);
  return out;
}

/** A view where there can be one. */
function codesIn(bytes: Uint8Array): Uint16Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(buffer, byteOffset, length / 2);
}

/** Rounded to the nearest, in memory of their own, or in the `codes` that are given, of which as many as there are numbers are taken. */
export function encodeNumbers(values: Float32Array, dtype: FloatDtype, codes?: Uint16Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const out = codes?.subarray(0, values.length) ?? new Uint16Array(values.length);
  (dtype === 'F16' ? encodeFloat16 : encodeBfloat16)(values, out);
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

/** A view, of bytes that begin where an array does. */
export function floatsIn({ buffer, byteOffset, length }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, length / 4);
}
