// Scaled dot-product attention with grouped queries, a block of queries of one head at a time; the scores of a block are all
// that is ever kept of them. `q` [b, t, h, f], `k` and `v` [b, s, g, f], read where they lie.
import { ATTENTION } from './kernel-ids';
import { GEMM_SCRATCH, product } from './gemm';
import { addFour, addScaled, dot, fourDots } from './gemv';
import { arg, parallel, scratchOf, setArg } from './pool';
import { rowScale } from './row';
import { firstKey, keysOf, softmaxRow } from './visible';

/** Queries of a block: a multiple of the rows of a tile. */
export const BLOCK: i32 = 48;
/** Queries up to which keys and values are read in place, as in generation. */
const FEW: i32 = 4;

/** Bytes from one row of scores to the next: whole vectors, and no power of two. */
// @ts-ignore: decorator
@inline
export function scoreStride(s: i32): i32 {
  return (((s + 3) & ~3) + 4) << 2;
}

/** Scratch bytes of a thread, forward and backward. */
export function attentionScratch(s: i32): i32 {
  return 2 * BLOCK * scoreStride(s) + BLOCK * 4;
}

/** `logSums` [b, t, h] receives log sum exp of each query's scores, for the gradient. */
export function attention(
  q: usize, k: usize, v: usize, mask: usize, out: usize, logSums: usize,
  b: i32, t: i32, s: i32, h: i32, g: i32, f: i32, causal: i32, scale: f32,
): void {
  setArg<usize>(0, q);
  setArg<usize>(1, k);
  setArg<usize>(2, v);
  setArg<usize>(3, mask);
  setArg<usize>(4, out);
  setArg<usize>(5, logSums);
  setArg<i32>(6, t);
  setArg<i32>(7, s);
  setArg<i32>(8, h);
  setArg<i32>(9, g);
  setArg<i32>(10, f);
  setArg<i32>(11, causal);
  setArg<f32>(12, scale);
  parallel(ATTENTION, b * h * ((t + BLOCK - 1) / BLOCK), <f64>(b * h) * <f64>t * <f64>s * <f64>f < 50_000);
}

export function attentionChunk(chunk: i32, thread: i32): void {
  const t = arg<i32>(6);
  const s = arg<i32>(7);
  const h = arg<i32>(8);
  const g = arg<i32>(9);
  const f = arg<i32>(10);
  const blocks = (t + BLOCK - 1) / BLOCK;
  const head = (chunk / blocks) % h;
  const entry = chunk / (blocks * h);
  // The last block of a head sees the most keys and comes first.
  const first = (blocks - 1 - (chunk % blocks)) * BLOCK;
  const queries = min(BLOCK, t - first);
  const rowQ: usize = (h * f) << 2;
  const rowK: usize = (g * f) << 2;
  const atQ: usize = ((entry * t + first) * h + head) * f << 2;
  const atK: usize = (entry * s * g + head / (h / g)) * f << 2;
  const q = arg<usize>(0) + atQ;
  const k = arg<usize>(1) + atK;
  const v = arg<usize>(2) + atK;
  const out = arg<usize>(4) + atQ;
  const mask = arg<usize>(3) + ((entry * s) << 2);
  const limit = arg<i32>(11) ? first + s - t + 1 : s;
  const grows = arg<i32>(11) ? 1 : 0;
  const firstVisible = firstKey(mask, s);
  const keys = keysOf(limit, limit + grows * (queries - 1), firstVisible, s);
  const scores = scratchOf(thread) + GEMM_SCRATCH;
  const stride: usize = scoreStride(s);
  const sums = scores + 2 * BLOCK * stride;
  const few = t <= FEW;
  if (few) for (let i = 0; i < queries; i++) dots(q + i * rowQ, k, rowK, scores + i * stride, keys, f);
  else product(q, rowQ, 4, k, 4, rowK, scores, stride, queries, keys, f, false, scratchOf(thread));
  for (let i = 0; i < queries; i++) {
    const logSum = softmaxRow(
      scores + i * stride, mask, limit + grows * i, keys, firstVisible, arg<f32>(12), sums + (i << 2),
    );
    store<f32>(arg<usize>(5) + (((entry * t + first + i) * h + head) << 2), logSum);
  }
  if (few) for (let i = 0; i < queries; i++) weighted(scores + i * stride, v, rowK, out + i * rowQ, keys, f);
  else product(scores, stride, 4, v, rowK, 4, out, rowQ, queries, f, keys, false, scratchOf(thread));
  for (let i = 0; i < queries; i++) rowScale(out + i * rowQ, f, 1 / load<f32>(sums + (i << 2)));
}

/** One query times all keys. */
function dots(q: usize, k: usize, rowK: usize, scores: usize, keys: i32, f: i32): void {
  let j = 0;
  for (; j + 4 <= keys; j += 4) fourDots(q, k + j * rowK, rowK, scores + (j << 2), f);
  for (; j < keys; j++) store<f32>(scores + (j << 2), dot(q, k + j * rowK, f));
}

/** The values, weighted by one query's scores. */
function weighted(scores: usize, v: usize, rowV: usize, out: usize, keys: i32, f: i32): void {
  memory.fill(out, 0, f << 2);
  let j = 0;
  for (; j + 4 <= keys; j += 4) addFour(out, v + j * rowV, rowV, scores + (j << 2), f);
  for (; j < keys; j++) addScaled(out, v + j * rowV, load<f32>(scores + (j << 2)), f);
}
