// Types of a number a block: copied, or widened.
import { decodeBfloat16, decodeFloat16 } from '@peftjs/safetensors';
import type { Decoder } from './scales.ts';

export const float32: Decoder = (bytes, out) => {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
};

export const float16: Decoder = (bytes, out) => decodeFloat16(new Uint16Array(aligned(bytes, 2)), out);

export const bfloat16: Decoder = (bytes, out) => decodeBfloat16(new Uint16Array(aligned(bytes, 2)), out);

export const float64: Decoder = (bytes, out) => out.set(new Float64Array(aligned(bytes, 8)));

/** A copy, which begins on an element's boundary. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  const copy = new ArrayBuffer(size * Math.floor(bytes.length / size));
  new Uint8Array(copy).set(bytes);
  return copy;
}
