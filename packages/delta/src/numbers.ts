// The bytes of floating-point numbers as float32, and back.
import { type Dtype, decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from '@peftjs/safetensors';

/** What lossy codecs reckon with. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export function isFloat(dtype: Dtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** In memory of its own. */
export function decodeNumbers(bytes: Uint8Array, dtype: FloatDtype): Float32Array {
  const copy = bytes.slice();
  if (dtype === 'F32') return new Float32Array(copy.buffer);
  const codes = new Uint16Array(copy.buffer);
  const values = new Float32Array(codes.length);
  (dtype === 'F16' ? decodeFloat16 : decodeBfloat16)(codes, values);
  return values;
}

/** Rounded to the nearest. */
export function encodeNumbers(values: Float32Array, dtype: FloatDtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const codes = new Uint16Array(values.length);
  (dtype === 'F16' ? encodeFloat16 : encodeBfloat16)(values, codes);
  return new Uint8Array(codes.buffer);
}
