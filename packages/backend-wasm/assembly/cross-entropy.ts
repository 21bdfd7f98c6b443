// Cross-entropy of rows of logits against labels, and its gradient.
import { CROSS_ENTROPY, CROSS_ENTROPY_GRAD } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { rowMax, rowSumExp } from './row';
import { exp4, loadPart, log, storePart } from './simd';

/** The label of a row that does not count. */
const IGNORED: i32 = -100;
const WORK: f64 = 4096;

/**
 * The loss of each row, 0 where the label is ignored, to `losses`. Of each row the largest logit and the logarithm of the sum
 * of the exponentials beside it to `norms`: two numbers, since their sum rounds off what large logits differ by.
 */
export function crossEntropy(logits: usize, labels: usize, losses: usize, norms: usize, rows: i32, v: i32): void {
  setArg<usize>(0, logits);
  setArg<usize>(1, labels);
  setArg<usize>(2, losses);
  setArg<usize>(3, norms);
  setArg<i32>(4, rows);
  setArg<i32>(5, v);
  parallel(CROSS_ENTROPY, chunksFor(rows, v, WORK));
}

export function crossEntropyChunk(chunk: i32): void {
  const rows = arg<i32>(4);
  const v = arg<i32>(5);
  const chunks = chunkCount();
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const label = load<i32>(arg<usize>(1) + (r << 2));
    const x = arg<usize>(0) + ((r * v) << 2);
    let top: f32 = 0;
    let logSum: f32 = 0;
    let loss: f32 = 0;
    if (label != IGNORED) {
      top = rowMax(x, v);
      logSum = <f32>log(rowSumExp(x, v, top));
      // A label outside the vocabulary has a one-hot row of zeros in the reference.
      loss = <u32>label < <u32>v ? top - load<f32>(x + (label << 2)) + logSum : top + logSum;
    }
    store<f32>(arg<usize>(2) + (r << 2), loss);
    store<f32>(arg<usize>(3) + (r << 3), top);
    store<f32>(arg<usize>(3) + (r << 3), logSum, 4);
  }
}

/** d logits = (softmax(logits) - one-hot(label)) dy, 0 in a row whose label is ignored; `dy` is one number. */
export function crossEntropyGrad(
  dy: usize, logits: usize, labels: usize, norms: usize, out: usize, rows: i32, v: i32,
): void {
  setArg<usize>(0, logits);
  setArg<usize>(1, labels);
  setArg<usize>(2, norms);
  setArg<usize>(3, out);
  setArg<i32>(4, rows);
  setArg<i32>(5, v);
  setArg<f32>(6, load<f32>(dy));
  parallel(CROSS_ENTROPY_GRAD, chunksFor(rows, v, WORK));
}

export function crossEntropyGradChunk(chunk: i32): void {
  const rows = arg<i32>(4);
  const v = arg<i32>(5);
  const dy = arg<f32>(6);
  const scale = f32x4.splat(dy);
  const chunks = chunkCount();
  const bytes: usize = v << 2;
  const whole = bytes & ~15;
  const rest = v & 3;
  for (let r = startOf(chunk, chunks, rows); r < startOf(chunk + 1, chunks, rows); r++) {
    const label = load<i32>(arg<usize>(1) + (r << 2));
    const x = arg<usize>(0) + r * bytes;
    const out = arg<usize>(3) + r * bytes;
    if (label == IGNORED) {
      memory.fill(out, 0, bytes);
      continue;
    }
    const top = v128.load32_splat(arg<usize>(2) + (r << 3));
    const logSum = v128.load32_splat(arg<usize>(2) + (r << 3), 4);
    for (let o: usize = 0; o < whole; o += 16) {
      v128.store(out + o, f32x4.mul(exp4(f32x4.sub(f32x4.sub(v128.load(x + o), top), logSum)), scale));
    }
    const last = f32x4.sub(f32x4.sub(loadPart(x + whole, rest, 0), top), logSum);
    storePart(out + whole, rest, f32x4.mul(exp4(last), scale));
    if (<u32>label >= <u32>v) continue;
    const at = out + (label << 2);
    store<f32>(at, load<f32>(at) - dy);
  }
}
