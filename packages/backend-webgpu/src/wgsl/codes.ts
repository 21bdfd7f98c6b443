// Numbers from the codes of a packed matrix and back, in WGSL, by the name of the packing: what a new one adds to this backend.
import type { Element } from '../shader.ts';

export interface Codes {
  /** The buffers that decoding reads: the matrix's arrays by name. */
  readonly reads: Readonly<Record<string, Element>>;
  /** `fn bitsAt(row: u32, column: u32) -> u32`, the bits of a float32; `p.stride` is a row's number of words. */
  readonly decode: string;
  /** Codes in a word. */
  readonly perWord: number;
  /** `fn codeOf(bits: u32) -> u32` of a float32's bits, rounded to the nearest, to even where two are as near. */
  readonly encode: string;
}

/** Two codes of 16 bits to a word, given `fn widened(code: u32) -> u32`. */
const half = (widened: string, encode: string): Codes => ({
  reads: { codes: 'u32' },
  perWord: 2,
  decode: `${widened}
fn bitsAt(row: u32, column: u32) -> u32 {
  return widened((codes[row * p.stride + column / 2] >> (16 * (column & 1))) & 0xffff);
}`,
  encode,
});

/** In whole numbers, since a device may take what is below the smallest normal number for zero. */
export const CODES: Readonly<Record<string, Codes>> = {
  f16: half(
    `
fn widened(code: u32) -> u32 {
  let size = (code & 0x7fff) << 13;
  let sign = (code & 0x8000) << 16;
  if (size >= 0x0f800000) { return sign | 0x7f800000 | size; }
  if (size >= 0x00800000) { return sign | (size + 0x38000000); }
  let below = bitcast<f32>(size + 0x38000000);
  return sign | bitcast<u32>(below + (below - 6.103515625e-5));
}`,
    `
fn codeOf(bits: u32) -> u32 {
  let sign = (bits >> 16) & 0x8000;
  let size = bits & 0x7fffffff;
  if (size > 0x7f800000) { return sign | 0x7e00; }
  if (size >= 0x477ff000) { return sign | 0x7c00; }
  if (size >= 0x38800000) { return sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13); }
  if (size <= 0x33000000) { return sign; }
  let shift = 126 - (size >> 23);
  let fraction = (size & 0x7fffff) | 0x800000;
  let code = fraction >> shift;
  let rest = fraction & ((1u << shift) - 1);
  let tie = 1u << (shift - 1);
  return sign | (code + select(0u, 1u, rest > tie || (rest == tie && (code & 1) == 1)));
}`,
  ),
  bf16: half(
    'fn widened(code: u32) -> u32 { return code << 16; }',
    `
fn codeOf(bits: u32) -> u32 {
  if ((bits & 0x7fffffff) > 0x7f800000) { return (bits >> 16) | 0x40; }
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}`,
  ),
};
