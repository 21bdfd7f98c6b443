/**
 * The element types of the format with their size in bits, in the order of the reference implementation, which lays
 * tensors out by it.
 */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** An element type of the format. */
export type Dtype = keyof typeof DTYPE_BITS;

/** Whether `name` is an element type of the format. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(DTYPE_BITS, name);
}

/** Bytes of a tensor; null where they are not a whole, safely representable number. */
export function tensorBytes(dtype: Dtype, shape: readonly number[]): number | null {
  let elements = 1;
  for (const dim of shape) elements *= dim;
  const bytes = (elements * DTYPE_BITS[dtype]) / 8;
  return Number.isSafeInteger(bytes) ? bytes : null;
}
