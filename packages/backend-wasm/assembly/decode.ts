// Numbers from the codes of a packed matrix. One switch here is all that a new kind of code needs in this module.
import { decodeGroupColumns, decodeGroups } from './decode-groups';
import { arg, setArg } from './pool';

/** The kinds of codes: numbers of 16 bits, and codes of four and of eight bits in groups. */
export const F16: i32 = 0;
export const BF16: i32 = 1;
export const GROUPS4: i32 = 2;
export const GROUPS8: i32 = 3;

/** Where in a job's arguments the matrix stands, out of the way of the kernels' own. */
const KIND: i32 = 32;
const CODES: i32 = 33;
const STRIDE: i32 = 34;

/** Names the packed matrix of the next kernel. @param stride bytes from one row of codes to the next */
export function setMatrix(kind: i32, codes: usize, stride: usize): void {
  setArg<i32>(KIND, kind);
  setArg<usize>(CODES, codes);
  setArg<usize>(STRIDE, stride);
}

// @ts-ignore: decorator
@inline
export function kindOf(): i32 {
  return arg<i32>(KIND);
}

/** Where a row of codes begins. */
// @ts-ignore: decorator
@inline
export function codesOf(row: i32): usize {
  return arg<usize>(CODES) + row * arg<usize>(STRIDE);
}

/** One number, of codes of 16 bits. */
export function numberOf(row: i32, column: i32): f32 {
  const code: u32 = load<u16>(codesOf(row) + (column << 1));
  return kindOf() == F16 ? half(code) : reinterpret<f32>(code << 16);
}

/** Numbers `first` to `first + count` of a row, where `first` is a multiple of 8. */
export function decodeRow(row: i32, first: i32, count: i32, to: usize): void {
  const at = codesOf(row);
  switch (kindOf()) {
    case F16: return halves(at + (first << 1), count, to);
    case BF16: return bhalves(at + (first << 1), count, to);
    case GROUPS4: return decodeGroups(true, row, at, first, count, to);
    case GROUPS8: return decodeGroups(false, row, at, first, count, to);
    default: unreachable();
  }
}

/** Eight columns of `rows` rows, one row after the other; `column` is a multiple of 8, and all eight are there. */
export function decodeColumns(row: i32, rows: i32, column: i32, to: usize): void {
  const stride = arg<usize>(STRIDE);
  let at = codesOf(row);
  const end = at + rows * stride;
  switch (kindOf()) {
    case F16:
      for (at += column << 1; at < end; at += stride, to += 32) eightHalves(at, to);
      return;
    case BF16:
      for (at += column << 1; at < end; at += stride, to += 32) eightBhalves(at, to);
      return;
    case GROUPS4: return decodeGroupColumns(true, row, rows, at, stride, column, to);
    case GROUPS8: return decodeGroupColumns(false, row, rows, at, stride, column, to);
    default: unreachable();
  }
}

/** What a binary16 whose bits have been moved into place is multiplied by: the exponents' offsets differ by 112. */
const RAISE: f32 = 5.192296858534828e33;

/** Four of them, in the upper bits and with the sign in all bits above: exact, below the smallest normal number too. */
// @ts-ignore: decorator
@inline
export function halfOf(x: v128): v128 {
  return f32x4.mul(v128.and(x, i32x4.splat(0x8fffe000)), f32x4.splat(RAISE));
}

// @ts-ignore: decorator
@inline
function eightHalves(at: usize, to: usize): void {
  const h = v128.load(at);
  v128.store(to, halfOf(i32x4.shl(i32x4.extend_low_i16x8_s(h), 13)));
  v128.store(to, halfOf(i32x4.shl(i32x4.extend_high_i16x8_s(h), 13)), 16);
}

function halves(at: usize, count: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) eightHalves(at + (i << 1), to + (i << 2));
  for (; i < count; i++) store<f32>(to + (i << 2), half(load<u16>(at + (i << 1))));
}

function half(code: u32): f32 {
  return reinterpret<f32>(((code & 0x8000) << 16) | ((code & 0x7fff) << 13)) * RAISE;
}

// @ts-ignore: decorator
@inline
function eightBhalves(at: usize, to: usize): void {
  const h = v128.load(at);
  v128.store(to, i32x4.shl(i32x4.extend_low_i16x8_u(h), 16));
  v128.store(to, i32x4.shl(i32x4.extend_high_i16x8_u(h), 16), 16);
}

function bhalves(at: usize, count: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) eightBhalves(at + (i << 1), to + (i << 2));
  for (; i < count; i++) store<u32>(to + (i << 2), <u32>load<u16>(at + (i << 1)) << 16);
}
