// Layer normalization of rows, and its gradients. A row is centered twice, by its mean and by the mean of what is left:
// a row far from zero keeps its digits, and a constant one has variance 0.
import { LAYER_NORM, LAYER_NORM_GAMMA, LAYER_NORM_GRAD } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { rowSum } from './row';
import { loadPart, madd, storePart, sumOf } from './simd';

const WORK: f64 = 16384;

/** Bytes of what is kept of a row: its mean, the mean of the rest, 1 / sqrt(variance + eps). */
const STATS: i32 = 12;

/** (x - mean - rest) inverse */
// @ts-ignore: decorator
@inline
function normalized(x: v128, mean: v128, rest: v128, inverse: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.sub(x, mean), rest), inverse);
}

/** out = gamma z + beta, with z the normalized x; `stats` gets three numbers a row. */
export function layerNorm(
  x: usize, gamma: usize, beta: usize, out: usize, stats: usize, rows: i32, d: i32, eps: f32,
): void {
  setArg<usize>(0, x);
  setArg<usize>(1, gamma);
  setArg<usize>(2, beta);
  setArg<usize>(3, out);
  setArg<usize>(4, stats);
  setArg<i32>(5, rows);
  setArg<i32>(6, d);
  setArg<f32>(7, eps);
  parallel(LAYER_NORM, chunksFor(rows, d, WORK));
}

export function layerNormChunk(chunk: i32): void {
  const gamma = arg<usize>(1);
  const beta = arg<usize>(2);
  const rows = arg<i32>(5);
  const d = arg<i32>(6);
  const eps = arg<f32>(7);
  const chunks = chunkCount();
  const bytes = <usize>d << 2;
  const whole = bytes & ~15;
  const part = d & 3;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const x = arg<usize>(0) + r * bytes;
    const out = arg<usize>(3) + r * bytes;
    const stats = arg<usize>(4) + r * STATS;
    const first: f32 = rowSum(x, d) / <f32>d;
    const mean = f32x4.splat(first);
    let sum = f32x4.splat(0);
    let squares = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += 16) {
      const c = f32x4.sub(v128.load(x + o), mean);
      sum = f32x4.add(sum, c);
      squares = madd(c, c, squares);
    }
    const last = loadPart(x + whole, part, first);
    const lastCentered = f32x4.sub(last, mean);
    const second: f32 = sumOf(f32x4.add(sum, lastCentered)) / <f32>d;
    const variance = sumOf(madd(lastCentered, lastCentered, squares)) / <f32>d - second * second;
    // Rounding can take a variance of nothing below 0; written so that a NaN is kept.
    const inverse: f32 = 1 / Mathf.sqrt((variance < 0 ? 0 : variance) + eps);
    store<f32>(stats, first);
    store<f32>(stats, second, 4);
    store<f32>(stats, inverse, 8);
    const rest = f32x4.splat(second);
    const scale = f32x4.splat(inverse);
    for (let o: usize = 0; o < whole; o += 16) {
      const z = normalized(v128.load(x + o), mean, rest, scale);
      v128.store(out + o, madd(z, v128.load(gamma + o), v128.load(beta + o)));
    }
    const z = normalized(last, mean, rest, scale);
    storePart(out + whole, part, madd(z, loadPart(gamma + whole, part, 0), loadPart(beta + whole, part, 0)));
  }
}

/** dx = (dy gamma - mean(dy gamma) - z mean(dy gamma z)) inverse */
export function layerNormGrad(dy: usize, x: usize, gamma: usize, stats: usize, dx: usize, rows: i32, d: i32): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, x);
  setArg<usize>(2, gamma);
  setArg<usize>(3, stats);
  setArg<usize>(4, dx);
  setArg<i32>(5, rows);
  setArg<i32>(6, d);
  parallel(LAYER_NORM_GRAD, chunksFor(rows, d, WORK));
}

export function layerNormGradChunk(chunk: i32): void {
  const gamma = arg<usize>(2);
  const rows = arg<i32>(5);
  const d = arg<i32>(6);
  const chunks = chunkCount();
  const bytes = <usize>d << 2;
  const whole = bytes & ~15;
  const part = d & 3;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const dy = arg<usize>(0) + r * bytes;
    const x = arg<usize>(1) + r * bytes;
    const dx = arg<usize>(4) + r * bytes;
    const stats = arg<usize>(3) + r * STATS;
    const mean = v128.load32_splat(stats);
    const rest = v128.load32_splat(stats, 4);
    const scale = v128.load32_splat(stats, 8);
    let sum = f32x4.splat(0);
    let along = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += 16) {
      const g = f32x4.mul(v128.load(dy + o), v128.load(gamma + o));
      sum = f32x4.add(sum, g);
      along = madd(g, normalized(v128.load(x + o), mean, rest, scale), along);
    }
    const lastG = f32x4.mul(loadPart(dy + whole, part, 0), loadPart(gamma + whole, part, 0));
    const lastZ = normalized(loadPart(x + whole, part, 0), mean, rest, scale);
    const middle = f32x4.splat(sumOf(f32x4.add(sum, lastG)) / <f32>d);
    const share = f32x4.splat(-sumOf(madd(lastG, lastZ, along)) / <f32>d);
    for (let o: usize = 0; o < whole; o += 16) {
      const g = f32x4.mul(v128.load(dy + o), v128.load(gamma + o));
      const z = normalized(v128.load(x + o), mean, rest, scale);
      v128.store(dx + o, f32x4.mul(madd(z, share, f32x4.sub(g, middle)), scale));
    }
    storePart(dx + whole, part, f32x4.mul(madd(lastZ, share, f32x4.sub(lastG, middle)), scale));
  }
}

/** dgamma = sum over rows of dy z; `dgamma` holds zeros. Cut by columns, so that no two threads share a sum. */
export function layerNormGamma(dy: usize, x: usize, stats: usize, dgamma: usize, rows: i32, d: i32): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, x);
  setArg<usize>(2, stats);
  setArg<usize>(3, dgamma);
  setArg<i32>(4, rows);
  setArg<i32>(5, d);
  parallel(LAYER_NORM_GAMMA, chunksFor((d + 15) >> 4, 16 * rows, WORK));
}

export function layerNormGammaChunk(chunk: i32): void {
  const rows = arg<i32>(4);
  const d = arg<i32>(5);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, (d + 15) >> 4) << 4;
  const width = min(d, startOf(chunk + 1, chunks, (d + 15) >> 4) << 4) - first;
  const whole: usize = (width & ~3) << 2;
  const part = width & 3;
  const to = arg<usize>(3) + (first << 2);
  for (let r = 0; r < rows; r++) {
    const offset: usize = (r * d + first) << 2;
    const dy = arg<usize>(0) + offset;
    const x = arg<usize>(1) + offset;
    const stats = arg<usize>(2) + r * STATS;
    const mean = v128.load32_splat(stats);
    const rest = v128.load32_splat(stats, 4);
    const scale = v128.load32_splat(stats, 8);
    for (let o: usize = 0; o < whole; o += 16) {
      const z = normalized(v128.load(x + o), mean, rest, scale);
      v128.store(to + o, madd(v128.load(dy + o), z, v128.load(to + o)));
    }
    const z = normalized(loadPart(x + whole, part, 0), mean, rest, scale);
    storePart(to + whole, part, madd(loadPart(dy + whole, part, 0), z, loadPart(to + whole, part, 0)));
  }
}
