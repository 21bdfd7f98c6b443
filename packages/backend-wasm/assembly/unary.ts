// Functions of one number, over whole tensors.
import { UNARY } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { exp4, loadPart, madd, storePart } from './simd';

export const EXP: i32 = 0;
export const TANH: i32 = 1;
export const ERF: i32 = 2;

export function unary(op: i32, x: usize, out: usize, n: i32): void {
  setArg<i32>(0, op);
  setArg<usize>(1, x);
  setArg<usize>(2, out);
  setArg<i32>(3, n);
  parallel(UNARY, chunksFor((n + 3) >> 2, 4, 8192));
}

/** e^x over the whole range of float32, infinity and the numbers near zero included. */
// @ts-ignore: decorator
@inline
function exp(x: v128): v128 {
  const root = exp4(f32x4.mul(x, f32x4.splat(0.5)));
  const big = f32x4.gt(x, f32x4.splat(88.7228394));
  return v128.bitselect(f32x4.splat(Infinity), f32x4.mul(root, root), big);
}

// @ts-ignore: decorator
@inline
function sign(x: v128): v128 {
  return v128.and(x, f32x4.splat(-0.0));
}

/** 1 - 2 / (e^2|x| + 1) with the sign of x; near zero a polynomial (Cephes), where that would cancel. */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(size, size)), one)));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = madd(p, z, f32x4.splat(2.06390887954e-2));
  p = madd(p, z, f32x4.splat(-5.37397155531e-2));
  p = madd(p, z, f32x4.splat(1.33314422036e-1));
  p = madd(p, z, f32x4.splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), x, x);
  return v128.bitselect(near, v128.or(far, sign(x)), f32x4.lt(size, f32x4.splat(0.625)));
}

/** Abramowitz and Stegun 7.1.26, as tfjs computes it on every backend: off by at most 1.5e-7. */
// @ts-ignore: decorator
@inline
function erf(x: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const t = f32x4.div(one, madd(f32x4.splat(0.3275911), size, one));
  let p = f32x4.splat(1.061405429);
  p = madd(p, t, f32x4.splat(-1.453152027));
  p = madd(p, t, f32x4.splat(1.421413741));
  p = madd(p, t, f32x4.splat(-0.284496736));
  p = madd(p, t, f32x4.splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(p, t), exp4(f32x4.neg(f32x4.mul(size, size))));
  return v128.or(f32x4.sub(one, tail), sign(x));
}

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128): v128 {
  if (op == EXP) return exp(x);
  return op == TANH ? tanh(x) : erf(x);
}

export function unaryChunk(chunk: i32): void {
  const op = arg<i32>(0);
  const x = arg<usize>(1);
  const out = arg<usize>(2);
  const n = arg<i32>(3);
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const end: usize = startOf(chunk + 1, chunks, groups) << 4;
  const whole = min(end, <usize>(n & ~3) << 2);
  for (let o: usize = startOf(chunk, chunks, groups) << 4; o < whole; o += 16) {
    v128.store(out + o, apply(op, v128.load(x + o)));
  }
  if (end > whole) storePart(out + whole, n & 3, apply(op, loadPart(x + whole, n & 3, 0)));
}
