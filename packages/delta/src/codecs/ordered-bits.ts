// The bits of a tensor's numbers as integers in the numbers' own order, so that near numbers have near integers.
import { DTYPE_BITS, type Dtype } from '@peftjs/safetensors';

/** How numbers of a dtype lie in words. Those of 64 bits are taken as two of 32. */
export interface NumberForm {
  readonly bytes: 2 | 4;
  /** The bits below the sign; 0 of numbers that are integers themselves. */
  readonly below: number;
  /** How many of these are no exponent. */
  readonly mantissa: number;
}

const MANTISSAS: { readonly [dtype in Dtype]?: number } = { F16: 10, BF16: 7, F32: 23, C64: 23 };

/** Null of numbers that have a byte, or less. */
export function formOf(dtype: Dtype): NumberForm | null {
  const bits = DTYPE_BITS[dtype];
  if (bits <= 8) return null;
  const bytes = bits === 16 ? 2 : 4;
  const mantissa = MANTISSAS[dtype];
  return { bytes, below: mantissa === undefined ? 0 : 2 ** (8 * bytes - 1) - 1, mantissa: mantissa ?? 0 };
}

/** 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 … */
export function unsigned(value: number): number {
  return (value << 1) ^ (value >> 31);
}

export function signed(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
