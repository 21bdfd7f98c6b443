// gate · sigmoid(gate) · up, and both of its gradients in one pass.
import { SWIGLU, SWIGLU_GRAD } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { exp4, loadPart, madd, storePart } from './simd';

const WORK: f64 = 4096;

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

export function swiglu(gate: usize, up: usize, out: usize, n: i32): void {
  setArg<usize>(0, gate);
  setArg<usize>(1, up);
  setArg<usize>(2, out);
  setArg<i32>(3, n);
  parallel(SWIGLU, chunksFor((n + 3) >> 2, 4, WORK));
}

// @ts-ignore: decorator
@inline
function value(g: v128, u: v128): v128 {
  return f32x4.mul(f32x4.mul(g, sigmoid(g)), u);
}

export function swigluChunk(chunk: i32): void {
  const gate = arg<usize>(0);
  const up = arg<usize>(1);
  const out = arg<usize>(2);
  const n = arg<i32>(3);
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const end: usize = startOf(chunk + 1, chunks, groups) << 4;
  const whole = min(end, <usize>(n & ~3) << 2);
  for (let o: usize = startOf(chunk, chunks, groups) << 4; o < whole; o += 16) {
    v128.store(out + o, value(v128.load(gate + o), v128.load(up + o)));
  }
  const rest = n & 3;
  if (end > whole) storePart(out + whole, rest, value(loadPart(gate + whole, rest, 0), loadPart(up + whole, rest, 0)));
}

export function swigluGrad(dy: usize, gate: usize, up: usize, dgate: usize, dup: usize, n: i32): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, gate);
  setArg<usize>(2, up);
  setArg<usize>(3, dgate);
  setArg<usize>(4, dup);
  setArg<i32>(5, n);
  parallel(SWIGLU_GRAD, chunksFor((n + 3) >> 2, 4, WORK));
}

/** d gate = dy up s (1 + gate (1 - s)) */
// @ts-ignore: decorator
@inline
function gateGrad(d: v128, g: v128, u: v128, s: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.mul(f32x4.mul(d, u), f32x4.mul(s, madd(g, f32x4.sub(one, s), one)));
}

export function swigluGradChunk(chunk: i32): void {
  const dy = arg<usize>(0);
  const gate = arg<usize>(1);
  const up = arg<usize>(2);
  const dgate = arg<usize>(3);
  const dup = arg<usize>(4);
  const n = arg<i32>(5);
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const end: usize = startOf(chunk + 1, chunks, groups) << 4;
  const whole = min(end, <usize>(n & ~3) << 2);
  for (let o: usize = startOf(chunk, chunks, groups) << 4; o < whole; o += 16) {
    const d = v128.load(dy + o);
    const g = v128.load(gate + o);
    const s = sigmoid(g);
    v128.store(dgate + o, gateGrad(d, g, v128.load(up + o), s));
    v128.store(dup + o, f32x4.mul(d, f32x4.mul(g, s)));
  }
  if (end <= whole) return;
  const rest = n & 3;
  const d = loadPart(dy + whole, rest, 0);
  const g = loadPart(gate + whole, rest, 0);
  const s = sigmoid(g);
  storePart(dgate + whole, rest, gateGrad(d, g, loadPart(up + whole, rest, 0), s));
  storePart(dup + whole, rest, f32x4.mul(d, f32x4.mul(g, s)));
}
