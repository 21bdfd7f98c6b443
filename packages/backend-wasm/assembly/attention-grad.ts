// The gradient of attention. The probabilities of a block of queries are computed again from their log sums. Each head of
// the queries has its own gradient of keys and values; those of a group are added up afterwards.
import { BLOCK, scoreStride } from './attention';
import { ATTENTION_GRAD, SUM_GROUPS } from './kernel-ids';
import { GEMM_SCRATCH, product } from './gemm';
import { addScaled } from './gemv';
import { arg, chunkCount, chunksFor, parallel, scratchOf, setArg, startOf } from './pool';
import { loadPart, madd, storePart, sumOf } from './simd';
import { firstKey, keysOf, probabilityRow } from './visible';

/** `dq` [b, t, h, f]; `dk` and `dv` [b, s, h, f], of each head of the queries. */
export function attentionGrad(
  dy: usize, q: usize, k: usize, v: usize, mask: usize, logSums: usize, dq: usize, dk: usize, dv: usize,
  b: i32, t: i32, s: i32, h: i32, g: i32, f: i32, causal: i32, scale: f32,
): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, q);
  setArg<usize>(2, k);
  setArg<usize>(3, v);
  setArg<usize>(4, mask);
  setArg<usize>(5, logSums);
  setArg<usize>(6, dq);
  setArg<usize>(7, dk);
  setArg<usize>(8, dv);
  setArg<i32>(9, t);
  setArg<i32>(10, s);
  setArg<i32>(11, h);
  setArg<i32>(12, g);
  setArg<i32>(13, f);
  setArg<i32>(14, causal);
  setArg<f32>(15, scale);
  parallel(ATTENTION_GRAD, b * h, <f64>(b * h) * <f64>t * <f64>s * <f64>f < 50_000);
}

export function attentionGradChunk(chunk: i32, thread: i32): void {
  const t = arg<i32>(9);
  const s = arg<i32>(10);
  const h = arg<i32>(11);
  const g = arg<i32>(12);
  const f = arg<i32>(13);
  const causal = arg<i32>(14);
  const scale = arg<f32>(15);
  const head = chunk % h;
  const entry = chunk / h;
  const row: usize = (h * f) << 2;
  const rowK: usize = (g * f) << 2;
  const atK: usize = (entry * s * g + head / (h / g)) * f << 2;
  const k = arg<usize>(2) + atK;
  const v = arg<usize>(3) + atK;
  const atD: usize = (entry * s * h + head) * f << 2;
  const dk = arg<usize>(7) + atD;
  const dv = arg<usize>(8) + atD;
  const mask = arg<usize>(4) + ((entry * s) << 2);
  const firstVisible = firstKey(mask, s);
  const scratch = scratchOf(thread);
  const stride: usize = scoreStride(s);
  const p = scratch + GEMM_SCRATCH;
  const dp = p + BLOCK * stride;
  for (let j = 0; j < s; j++) {
    memory.fill(dk + j * row, 0, f << 2);
    memory.fill(dv + j * row, 0, f << 2);
  }
  for (let first = 0; first < t; first += BLOCK) {
    const queries = min(BLOCK, t - first);
    const limit = causal ? first + s - t + 1 : s;
    const grows = causal ? 1 : 0;
    const keys = keysOf(limit, limit + grows * (queries - 1), firstVisible, s);
    const at: usize = ((entry * t + first) * h + head) * f << 2;
    const q = arg<usize>(1) + at;
    const dy = arg<usize>(0) + at;
    product(q, row, 4, k, 4, rowK, p, stride, queries, keys, f, false, scratch);
    product(dy, row, 4, v, 4, rowK, dp, stride, queries, keys, f, false, scratch);
    for (let i = 0; i < queries; i++) {
      const logSum = load<f32>(arg<usize>(5) + (((entry * t + first + i) * h + head) << 2));
      probabilityRow(p + i * stride, mask, limit + grows * i, keys, scale, logSum);
    }
    product(p, 4, stride, dy, row, 4, dv, row, keys, f, queries, true, scratch);
    for (let i = 0; i < queries; i++) scoreGradRow(p + i * stride, dp + i * stride, keys, scale);
    product(p, stride, 4, k, rowK, 4, arg<usize>(6) + at, row, queries, f, keys, false, scratch);
    product(p, 4, stride, q, row, 4, dk, row, keys, f, queries, true, scratch);
  }
}

/** p = p (dp - sum(p dp)) scale, in place. */
function scoreGradRow(p: usize, dp: usize, n: i32, scale: f32): void {
  const whole: usize = (n & ~3) << 2;
  const rest = n & 3;
  let sum = f32x4.splat(0);
  for (let o: usize = 0; o < whole; o += 16) sum = madd(v128.load(p + o), v128.load(dp + o), sum);
  sum = madd(loadPart(p + whole, rest, 0), loadPart(dp + whole, rest, 0), sum);
  const all = f32x4.splat(sumOf(sum));
  const scales = f32x4.splat(scale);
  for (let o: usize = 0; o < whole; o += 16) {
    const d = f32x4.mul(f32x4.sub(v128.load(dp + o), all), scales);
    v128.store(p + o, f32x4.mul(v128.load(p + o), d));
  }
  const d = f32x4.mul(f32x4.sub(loadPart(dp + whole, rest, 0), all), scales);
  storePart(p + whole, rest, f32x4.mul(loadPart(p + whole, rest, 0), d));
}

/** out[row, group] = the sum over the heads of the group of x[row, head], vectors of f. */
export function sumGroups(x: usize, out: usize, rows: i32, h: i32, g: i32, f: i32): void {
  setArg<usize>(0, x);
  setArg<usize>(1, out);
  setArg<i32>(2, rows);
  setArg<i32>(3, h);
  setArg<i32>(4, g);
  setArg<i32>(5, f);
  parallel(SUM_GROUPS, chunksFor(rows, <f64>(h * f), 32768));
}

export function sumGroupsChunk(chunk: i32): void {
  const rows = arg<i32>(2);
  const h = arg<i32>(3);
  const g = arg<i32>(4);
  const f = arg<i32>(5);
  const each = h / g;
  const bytes: usize = f << 2;
  const chunks = chunkCount();
  const end = startOf(chunk + 1, chunks, rows) * g;
  for (let i = startOf(chunk, chunks, rows) * g; i < end; i++) {
    const to = arg<usize>(1) + i * bytes;
    const from = arg<usize>(0) + i * each * bytes;
    memory.copy(to, from, bytes);
    for (let e = 1; e < each; e++) addScaled(to, from + e * bytes, 1, f);
  }
}
