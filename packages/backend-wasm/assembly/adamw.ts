// One AdamW step over a parameter in one pass.
import { ADAMW } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { loadPart, storePart } from './simd';

/**
 * m2 = b1 m + (1 - b1) g; v2 = b2 v + (1 - b2) g²; p2 = keep p - rate m2 / (sqrt(v2) / correction + eps), g times `scale`.
 */
export function adamw(
  p: usize, g: usize, m: usize, v: usize, p2: usize, m2: usize, v2: usize, n: i32,
  scale: f32, b1: f32, b2: f32, c1: f32, c2: f32, keep: f32, rate: f32, correction: f32, eps: f32,
): void {
  setArg<usize>(0, p);
  setArg<usize>(1, g);
  setArg<usize>(2, m);
  setArg<usize>(3, v);
  setArg<usize>(4, p2);
  setArg<usize>(5, m2);
  setArg<usize>(6, v2);
  setArg<i32>(7, n);
  setStep(scale, b1, b2, c1, c2, keep, rate, correction, eps);
  parallel(ADAMW, chunksFor((n + 3) >> 2, 4, 16384));
}

/** The numbers that `steps` reads. */
export function setStep(
  scale: f32, b1: f32, b2: f32, c1: f32, c2: f32, keep: f32, rate: f32, correction: f32, eps: f32,
): void {
  setArg<f32>(8, scale);
  setArg<f32>(9, b1);
  setArg<f32>(10, b2);
  setArg<f32>(11, c1);
  setArg<f32>(12, c2);
  setArg<f32>(13, keep);
  setArg<f32>(14, rate);
  setArg<f32>(15, correction);
  setArg<f32>(16, eps);
}

// @ts-ignore: decorator
@inline
function times(i: i32, x: v128): v128 {
  return f32x4.mul(f32x4.splat(arg<f32>(i)), x);
}

// @ts-ignore: decorator
@inline
function mean(m: v128, g: v128): v128 {
  return f32x4.add(times(9, m), times(11, g));
}

// @ts-ignore: decorator
@inline
function meanSquare(v: v128, g: v128): v128 {
  return f32x4.add(times(10, v), times(12, f32x4.mul(g, g)));
}

// @ts-ignore: decorator
@inline
function moved(p: v128, m2: v128, v2: v128): v128 {
  const root = f32x4.div(f32x4.sqrt(v2), f32x4.splat(arg<f32>(15)));
  return f32x4.sub(times(13, p), times(14, f32x4.div(m2, f32x4.add(root, f32x4.splat(arg<f32>(16))))));
}

/** Steps of `count` numbers. The new means may take the place of the old. */
export function steps(p: usize, g: usize, m: usize, v: usize, p2: usize, m2: usize, v2: usize, count: i32): void {
  const whole: usize = (count & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) {
    const grad = times(8, v128.load(g + o));
    const first = mean(v128.load(m + o), grad);
    const second = meanSquare(v128.load(v + o), grad);
    v128.store(m2 + o, first);
    v128.store(v2 + o, second);
    v128.store(p2 + o, moved(v128.load(p + o), first, second));
  }
  const rest = count & 3;
  if (rest == 0) return;
  const grad = times(8, loadPart(g + whole, rest, 0));
  const first = mean(loadPart(m + whole, rest, 0), grad);
  const second = meanSquare(loadPart(v + whole, rest, 0), grad);
  storePart(m2 + whole, rest, first);
  storePart(v2 + whole, rest, second);
  storePart(p2 + whole, rest, moved(loadPart(p + whole, rest, 0), first, second));
}

export function adamwChunk(chunk: i32): void {
  const n = arg<i32>(7);
  const chunks = chunkCount();
  const groups = (n + 3) >> 2;
  const first = startOf(chunk, chunks, groups) << 2;
  const o: usize = first << 2;
  const count = min(startOf(chunk + 1, chunks, groups) << 2, n) - first;
  const p = arg<usize>(0) + o, g = arg<usize>(1) + o, m = arg<usize>(2) + o, v = arg<usize>(3) + o;
  steps(p, g, m, v, arg<usize>(4) + o, arg<usize>(5) + o, arg<usize>(6) + o, count);
}
