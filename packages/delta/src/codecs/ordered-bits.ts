// The bits of a tensor's numbers as integers in the numbers' own order, so that near numbers have near integers; and the octave
// of a number, which says how far one step of its integer goes.
import { DTYPE_BITS, type Dtype } from '@peftjs/safetensors';

/** How numbers of a dtype lie in integers. Those of 64 bits are taken as two of 32. */
export interface NumberForm {
  readonly bytes: 2 | 4;
  /** Bits below the exponent, of numbers that have a sign and an exponent. */
  readonly mantissa: number | null;
}

const FLOATS: { readonly [dtype in Dtype]?: number } = { F16: 10, BF16: 7, F32: 23, C64: 23 };

/** Null of numbers that have a byte, or less. */
export function formOf(dtype: Dtype): NumberForm | null {
  const bits = DTYPE_BITS[dtype];
  return bits <= 8 ? null : { bytes: bits === 16 ? 2 : 4, mantissa: FLOATS[dtype] ?? null };
}

/** A copy as words: their place in memory need not be a word's boundary. */
function wordsOf(bytes: Uint8Array, width: NumberForm['bytes']): Int16Array | Int32Array {
  const { buffer } = bytes.slice();
  return width === 4 ? new Int32Array(buffer) : new Int16Array(buffer);
}

/** Integers that rise with the numbers: with a sign, what is below it grows downwards. */
export function orderedOf(bytes: Uint8Array, { bytes: width, mantissa }: NumberForm): Int32Array {
  const ordered = new Int32Array(wordsOf(bytes, width));
  if (mantissa === null) return ordered;
  const below = 2 ** (8 * width - 1) - 1;
  for (let i = 0; i < ordered.length; i++) {
    const word = ordered[i] as number;
    ordered[i] = word ^ ((word >> 31) & below);
  }
  return ordered;
}

/** The bytes of ordered integers, which are changed. */
export function bytesOfOrdered(ordered: Int32Array, { bytes: width, mantissa }: NumberForm): Uint8Array {
  const below = mantissa === null ? 0 : 2 ** (8 * width - 1) - 1;
  const words = new (width === 4 ? Int32Array : Int16Array)(ordered.length);
  const shift = 32 - 8 * width;
  for (let i = 0; i < words.length; i++) {
    const word = ((ordered[i] as number) << shift) >> shift;
    words[i] = word ^ ((word >> 31) & below);
  }
  return new Uint8Array(words.buffer);
}

/**
 * The octave of each number: its exponent above `floor`. All below are in octave 0, as numbers without an exponent are.
 */
export function octavesOf(ordered: Int32Array, { mantissa }: NumberForm, floor: number): Uint8Array {
  const octaves = new Uint8Array(ordered.length);
  if (mantissa === null) return octaves;
  for (let i = 0; i < octaves.length; i++) {
    const word = ordered[i] as number;
    const exponent = (word ^ (word >> 31)) >>> mantissa;
    octaves[i] = exponent > floor ? exponent - floor : 0;
  }
  return octaves;
}

/** 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 … */
export function unsigned(value: number): number {
  return (value << 1) ^ (value >> 31);
}

export function signed(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
