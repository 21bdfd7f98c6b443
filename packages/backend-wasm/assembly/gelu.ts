// x times the probability that a normal number is below x, exact or by tanh, and its gradient.
import { GELU, GELU_GRAD } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { exp4, expSum4, loadPart, madd, storePart } from './simd';

const WORK: f64 = 4096;

/** sqrt(2 / pi), and the factor of x³ in the argument of tanh. */
const ROOT: f32 = 0.79788456080286536;
const CUBE: f32 = 0.044715;

/** e^(-x² / 2). The square is taken in two parts: rounded in one, it would cost the tail its last digits. */
// @ts-ignore: decorator
@inline
function bell(x: v128): v128 {
  // Far enough to give 0, and no infinity to subtract from itself; in this order of operands a NaN is kept.
  const a = f32x4.pmin(f32x4.abs(x), f32x4.splat(20));
  const high = v128.and(a, i32x4.splat(0xfffff000));
  const low = f32x4.mul(f32x4.sub(a, high), f32x4.add(a, high));
  const half = f32x4.splat(-0.5);
  return expSum4(f32x4.mul(f32x4.mul(high, high), half), f32x4.mul(low, half));
}

/**
 * e^(a² / 2) P(X > a) for a >= 0: a polynomial in 2 / (1 + 0.3 a) - 1 over 1 + 0.3 a, fitted for the smallest relative
 * error, 3.4e-9, over a <= 13.3. Beyond, `bell` is 0.
 */
// @ts-ignore: decorator
@inline
function tail(a: v128): v128 {
  const one = f32x4.splat(1);
  const s = f32x4.div(one, madd(f32x4.splat(0.3), a, one));
  const t = f32x4.sub(f32x4.add(s, s), one);
  let p = f32x4.splat(-4.02043997e-5);
  p = madd(p, t, f32x4.splat(7.65084938e-5));
  p = madd(p, t, f32x4.splat(2.80679911e-4));
  p = madd(p, t, f32x4.splat(-5.69615945e-4));
  p = madd(p, t, f32x4.splat(-2.42354826e-3));
  p = madd(p, t, f32x4.splat(1.81602501e-3));
  p = madd(p, t, f32x4.splat(2.77603453e-2));
  p = madd(p, t, f32x4.splat(8.6549710e-2));
  p = madd(p, t, f32x4.splat(1.64579485e-1));
  p = madd(p, t, f32x4.splat(2.21970613e-1));
  return f32x4.mul(p, s);
}

/** P(X < x), of `e` = bell(x) */
// @ts-ignore: decorator
@inline
function below(x: v128, e: v128): v128 {
  const upper = f32x4.mul(e, tail(f32x4.abs(x)));
  return v128.bitselect(upper, f32x4.sub(f32x4.splat(1), upper), f32x4.lt(x, f32x4.splat(0)));
}

/** sigmoid(z), of `e` = e^-|z| */
// @ts-ignore: decorator
@inline
function sigmoid(z: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(z, f32x4.splat(0))), f32x4.add(one, e));
}

/** 2 sqrt(2 / pi) (x + 0.044715 x³): twice the argument of tanh. */
// @ts-ignore: decorator
@inline
function argument(x: v128): v128 {
  const square = f32x4.mul(x, x);
  return f32x4.mul(x, madd(square, f32x4.splat(2 * ROOT * CUBE), f32x4.splat(2 * ROOT)));
}

// @ts-ignore: decorator
@inline
function value(exact: bool, x: v128): v128 {
  if (exact) return f32x4.mul(x, below(x, bell(x)));
  const z = argument(x);
  return f32x4.mul(x, sigmoid(z, exp4(f32x4.neg(f32x4.abs(z)))));
}

/** The probability, and x times its derivative. */
// @ts-ignore: decorator
@inline
function slope(exact: bool, x: v128): v128 {
  if (exact) {
    const e = bell(x);
    return madd(f32x4.mul(x, e), f32x4.splat(ROOT / 2), below(x, e));
  }
  const z = argument(x);
  const p = sigmoid(z, exp4(f32x4.neg(f32x4.abs(z))));
  const spread = f32x4.mul(f32x4.mul(x, p), f32x4.sub(f32x4.splat(1), p));
  return madd(spread, madd(f32x4.mul(x, x), f32x4.splat(6 * ROOT * CUBE), f32x4.splat(2 * ROOT)), p);
}

export function gelu(x: usize, out: usize, n: i32, exact: bool): void {
  setArg<usize>(0, x);
  setArg<usize>(1, out);
  setArg<i32>(2, n);
  setArg<i32>(3, exact);
  parallel(GELU, chunksFor((n + 3) >> 2, 4, WORK));
}

export function geluChunk(chunk: i32): void {
  const x = arg<usize>(0);
  const out = arg<usize>(1);
  const n = arg<i32>(2);
  const exact = arg<i32>(3) != 0;
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const end: usize = startOf(chunk + 1, chunks, groups) << 4;
  const whole = min(end, <usize>(n & ~3) << 2);
  for (let o: usize = startOf(chunk, chunks, groups) << 4; o < whole; o += 16) {
    v128.store(out + o, value(exact, v128.load(x + o)));
  }
  if (end > whole) storePart(out + whole, n & 3, value(exact, loadPart(x + whole, n & 3, 0)));
}

/** dx = dy slope(x) */
export function geluGrad(dy: usize, x: usize, dx: usize, n: i32, exact: bool): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, x);
  setArg<usize>(2, dx);
  setArg<i32>(3, n);
  setArg<i32>(4, exact);
  parallel(GELU_GRAD, chunksFor((n + 3) >> 2, 4, WORK));
}

export function geluGradChunk(chunk: i32): void {
  const dy = arg<usize>(0);
  const x = arg<usize>(1);
  const dx = arg<usize>(2);
  const n = arg<i32>(3);
  const exact = arg<i32>(4) != 0;
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const end: usize = startOf(chunk + 1, chunks, groups) << 4;
  const whole = min(end, <usize>(n & ~3) << 2);
  for (let o: usize = startOf(chunk, chunks, groups) << 4; o < whole; o += 16) {
    v128.store(dx + o, f32x4.mul(v128.load(dy + o), slope(exact, v128.load(x + o))));
  }
  const rest = n & 3;
  if (end <= whole) return;
  storePart(dx + whole, rest, f32x4.mul(loadPart(dy + whole, rest, 0), slope(exact, loadPart(x + whole, rest, 0))));
}
