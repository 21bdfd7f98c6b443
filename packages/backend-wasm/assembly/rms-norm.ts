// Root mean square normalization of rows, and its gradient.
import { RMS_NORM, RMS_NORM_GAMMA, RMS_NORM_GRAD } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { loadPart, madd, storePart, sumOf } from './simd';

const WORK: f64 = 16384;

/** out = gamma x / sqrt(mean(x²) + eps); the reciprocal root of each row goes to `inverse`. */
export function rmsNorm(x: usize, gamma: usize, out: usize, inverse: usize, rows: i32, d: i32, eps: f32): void {
  setArg<usize>(0, x);
  setArg<usize>(1, gamma);
  setArg<usize>(2, out);
  setArg<usize>(3, inverse);
  setArg<i32>(4, rows);
  setArg<i32>(5, d);
  setArg<f32>(6, eps);
  parallel(RMS_NORM, chunksFor(rows, d, WORK));
}

export function rmsNormChunk(chunk: i32): void {
  const gamma = arg<usize>(1);
  const rows = arg<i32>(4);
  const d = arg<i32>(5);
  const eps = arg<f32>(6);
  const chunks = chunkCount();
  const bytes = <usize>d << 2;
  const whole = bytes & ~15;
  const rest = d & 3;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const x = arg<usize>(0) + r * bytes;
    const out = arg<usize>(2) + r * bytes;
    let sum = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += 16) {
      const v = v128.load(x + o);
      sum = madd(v, v, sum);
    }
    const last = loadPart(x + whole, rest, 0);
    sum = madd(last, last, sum);
    const inverse: f32 = 1 / Mathf.sqrt(sumOf(sum) / <f32>d + eps);
    store<f32>(arg<usize>(3) + (r << 2), inverse);
    const scale = f32x4.splat(inverse);
    for (let o: usize = 0; o < whole; o += 16) {
      v128.store(out + o, f32x4.mul(f32x4.mul(v128.load(x + o), scale), v128.load(gamma + o)));
    }
    storePart(out + whole, rest, f32x4.mul(f32x4.mul(last, scale), loadPart(gamma + whole, rest, 0)));
  }
}

/** dx = (dy gamma - n mean(dy gamma n)) inverse, with n = x inverse. */
export function rmsNormGrad(
  dy: usize, x: usize, gamma: usize, inverse: usize, dx: usize, rows: i32, d: i32,
): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, x);
  setArg<usize>(2, gamma);
  setArg<usize>(3, inverse);
  setArg<usize>(4, dx);
  setArg<i32>(5, rows);
  setArg<i32>(6, d);
  parallel(RMS_NORM_GRAD, chunksFor(rows, d, WORK));
}

export function rmsNormGradChunk(chunk: i32): void {
  const gamma = arg<usize>(2);
  const rows = arg<i32>(5);
  const d = arg<i32>(6);
  const chunks = chunkCount();
  const bytes = <usize>d << 2;
  const whole = bytes & ~15;
  const rest = d & 3;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const dy = arg<usize>(0) + r * bytes;
    const x = arg<usize>(1) + r * bytes;
    const dx = arg<usize>(4) + r * bytes;
    const inverse = load<f32>(arg<usize>(3) + (r << 2));
    let sum = f32x4.splat(0);
    for (let o: usize = 0; o < whole; o += 16) {
      sum = madd(f32x4.mul(v128.load(dy + o), v128.load(gamma + o)), v128.load(x + o), sum);
    }
    const lastDy = f32x4.mul(loadPart(dy + whole, rest, 0), loadPart(gamma + whole, rest, 0));
    const lastX = loadPart(x + whole, rest, 0);
    sum = madd(lastDy, lastX, sum);
    const scale = f32x4.splat(inverse);
    const along = f32x4.splat(-(sumOf(sum) * inverse * inverse * inverse) / <f32>d);
    for (let o: usize = 0; o < whole; o += 16) {
      const g = f32x4.mul(f32x4.mul(v128.load(dy + o), v128.load(gamma + o)), scale);
      v128.store(dx + o, madd(along, v128.load(x + o), g));
    }
    storePart(dx + whole, rest, madd(along, lastX, f32x4.mul(lastDy, scale)));
  }
}

/** dgamma = sum over rows of dy x inverse; `dgamma` holds zeros. Cut by columns, so that no two threads share a sum. */
export function rmsNormGamma(dy: usize, x: usize, inverse: usize, dgamma: usize, rows: i32, d: i32): void {
  setArg<usize>(0, dy);
  setArg<usize>(1, x);
  setArg<usize>(2, inverse);
  setArg<usize>(3, dgamma);
  setArg<i32>(4, rows);
  setArg<i32>(5, d);
  parallel(RMS_NORM_GAMMA, chunksFor((d + 15) >> 4, 16 * rows, WORK));
}

export function rmsNormGammaChunk(chunk: i32): void {
  const rows = arg<i32>(4);
  const d = arg<i32>(5);
  const dgamma = arg<usize>(3);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, (d + 15) >> 4) << 4;
  const end = min(d, startOf(chunk + 1, chunks, (d + 15) >> 4) << 4);
  const width = end - first;
  const whole: usize = (width & ~3) << 2;
  const to = dgamma + (first << 2);
  for (let r = 0; r < rows; r++) {
    const offset: usize = (r * d + first) << 2;
    const dy = arg<usize>(0) + offset;
    const x = arg<usize>(1) + offset;
    const inverse = load<f32>(arg<usize>(2) + (r << 2));
    const scale = f32x4.splat(inverse);
    for (let o: usize = 0; o < whole; o += 16) {
      v128.store(to + o, madd(f32x4.mul(v128.load(dy + o), v128.load(x + o)), scale, v128.load(to + o)));
    }
    for (let o = whole; o < <usize>width << 2; o += 4) {
      store<f32>(to + o, load<f32>(to + o) + load<f32>(dy + o) * load<f32>(x + o) * inverse);
    }
  }
}
