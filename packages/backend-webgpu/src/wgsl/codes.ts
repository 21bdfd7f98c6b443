// Numbers from the codes of a packed matrix, in WGSL, by the form of its codes.
import { groupSizes, type HalfForm, type PackedMatrix, type Packing } from '@peftjs/backend';
import type { Element, Scalar } from '../shader.ts';
import { groupedDecode, groupedReads } from './grouped-codes.ts';

export interface Codes {
  /** The same for every packing that is decoded in the same way. */
  readonly key: string;
  /** The buffers that decoding reads: the matrix's arrays by name. */
  readonly reads: Readonly<Record<string, Element>>;
  /** The numbers that decoding reads: `stride`, a row's number of words, and others. */
  readonly numbers: Readonly<Record<string, Scalar>>;
  /** `fn bitsAt(row: u32, column: u32) -> u32`, the bits of a float32. */
  readonly decode: string;
}

export function codesOf({ name, form }: Packing): Codes {
  if (form === undefined) {
    throw new Error(`[peftjs/backend-webgpu] no shader decodes "${name}"; use float32 weights`);
  }
  if (form.kind === 'half') {
    const key = form.exponent === 5 ? 'f16' : 'bf16';
    return { key, reads: { codes: 'u32' }, numbers: { stride: 'u32' }, decode: halfDecode(form) };
  }
  const { levels, map, offsets } = form;
  return {
    key: [levels === null ? 'bytes' : 'nibbles', map && 'nested', offsets && 'offsets'].filter(Boolean).join('-'),
    reads: groupedReads(form),
    numbers: { stride: 'u32', length: 'u32', groups: 'u32' },
    decode: groupedDecode(form),
  };
}

/** The numbers that `Codes.numbers` names. */
export function codeNumbers({ packing: { form }, inDim, tensors }: PackedMatrix): Readonly<Record<string, number>> {
  const stride = tensors.codes.shape[1] as number;
  if (form?.kind !== 'grouped') return { stride };
  const { length, groups } = groupSizes(form, inDim);
  return { stride, length, groups };
}

/** What `make` makes of codes, once for each key. */
export function oncePerCodes<T>(make: (codes: Codes) => T): (packing: Packing) => T {
  const made = new Map<string, T>();
  return (packing) => {
    const codes = codesOf(packing);
    const known = made.get(codes.key) ?? make(codes);
    made.set(codes.key, known);
    return known;
  };
}

function halfDecode({ exponent }: HalfForm): string {
  return `${exponent === 5 ? WIDENED_F16 : 'fn widened(code: u32) -> u32 { return code << 16; }'}
fn bitsAt(row: u32, column: u32) -> u32 {
  return widened((codes[row * p.stride + column / 2] >> (16 * (column & 1))) & 0xffff);
}`;
}

/** In whole numbers, since a device may take what is below the smallest normal number for zero. */
const WIDENED_F16 = `
fn widened(code: u32) -> u32 {
  let size = (code & 0x7fff) << 13;
  let sign = (code & 0x8000) << 16;
  if (size >= 0x0f800000) { return sign | 0x7f800000 | size; }
  if (size >= 0x00800000) { return sign | (size + 0x38000000); }
  let below = bitcast<f32>(size + 0x38000000);
  return sign | bitcast<u32>(below + (below - 6.103515625e-5));
}`;

/** `fn codeOf(bits: u32) -> u32` of a float32's bits, rounded to the nearest, to even where two are as near. */
export function halfEncode({ exponent }: HalfForm): string {
  if (exponent === 5) return CODE_F16;
  return `
fn codeOf(bits: u32) -> u32 {
  if ((bits & 0x7fffffff) > 0x7f800000) { return (bits >> 16) | 0x40; }
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}`;
}

const CODE_F16 = `
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
}`;
