// One AdamW step over a parameter whose two means are codes of 8 bits, in blocks of 256 numbers with a scale each: three
// codes to a float32 that holds the whole number of their 24 bits.
import { setStep, steps } from './adamw';
import { ceilDiv } from './gemm';
import { ADAMW_8BIT } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, scratchOf, setArg, startOf } from './pool';
import { maxOf } from './simd';

const BLOCK: i32 = 256;
const WORDS: i32 = 86;
/** Of a block's numbers. */
const END: usize = 1024;
/** The same with those that fill up its last word, and more up to a cache line. */
const BYTES: usize = 1088;

/** `means` and `squares`: words, scales, the new ones of both, and the numbers of all codes. */
export function adamw8bit(
  p: usize, g: usize, p2: usize,
  m: usize, mScales: usize, m2: usize, m2Scales: usize, mTable: usize,
  v: usize, vScales: usize, v2: usize, v2Scales: usize, vTable: usize,
  n: i32, scale: f32, b1: f32, b2: f32, c1: f32, c2: f32, keep: f32, rate: f32, correction: f32, eps: f32,
): void {
  setArg<usize>(0, p);
  setArg<usize>(1, g);
  setArg<usize>(2, p2);
  setArg<i32>(7, n);
  setStep(scale, b1, b2, c1, c2, keep, rate, correction, eps);
  setArg<usize>(20, m);
  setArg<usize>(21, mScales);
  setArg<usize>(22, m2);
  setArg<usize>(23, m2Scales);
  setArg<usize>(24, mTable);
  setArg<usize>(30, v);
  setArg<usize>(31, vScales);
  setArg<usize>(32, v2);
  setArg<usize>(33, v2Scales);
  setArg<usize>(34, vTable);
  parallel(ADAMW_8BIT, chunksFor(ceilDiv(n, BLOCK), BLOCK * 8, 16384));
}

export function adamw8bitChunk(chunk: i32, thread: i32): void {
  const n = arg<i32>(7);
  const blocks = ceilDiv(n, BLOCK);
  const chunks = chunkCount();
  const means = scratchOf(thread);
  const squares = means + BYTES;
  const p = arg<usize>(0), g = arg<usize>(1), p2 = arg<usize>(2);
  for (let b = startOf(chunk, chunks, blocks); b < startOf(chunk + 1, chunks, blocks); b++) {
    decode(20, b, means);
    decode(30, b, squares);
    const o: usize = b * END;
    steps(p + o, g + o, means, squares, p2 + o, means, squares, min(BLOCK, n - b * BLOCK));
    encode(20, b, means, true);
    encode(30, b, squares, false);
  }
}

/** The numbers of a block. @param codes where the arguments of its codes begin */
function decode(codes: i32, b: i32, to: usize): void {
  const words = arg<usize>(codes) + ((b * WORDS) << 2);
  const scale = load<f32>(arg<usize>(codes + 1) + (b << 2));
  const table = arg<usize>(codes + 4);
  for (let w = 0; w < WORDS; w++, to += 12) {
    const three = <i32>load<f32>(words + (w << 2));
    store<f32>(to, load<f32>(table + ((three & 255) << 2)) * scale);
    store<f32>(to, load<f32>(table + (((three >> 8) & 255) << 2)) * scale, 4);
    store<f32>(to, load<f32>(table + ((three >> 16) << 2)) * scale, 8);
  }
}

/** The codes of a block's numbers, which are lost, and its scale. @param codes where the arguments of its codes begin */
function encode(codes: i32, b: i32, from: usize, signed: bool): void {
  let most = f32x4.splat(0);
  for (let o: usize = 0; o < END; o += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + o)));
  const scale = maxOf(most);
  store<f32>(arg<usize>(codes + 3) + (b << 2), scale);
  v128.store(from + END, f32x4.splat(0));
  const divisor = f32x4.splat(max(scale, 1e-30));
  const table = arg<usize>(codes + 4);
  const zero = signed ? 127 : 0;
  const parts = signed ? 1 : 2;
  const fewest = <f32>parts;
  const b0 = bound(table, zero), b1 = bound(table, zero + parts), b2 = bound(table, zero + 3 * parts);
  const b3 = bound(table, zero + 7 * parts), b4 = bound(table, zero + 15 * parts), b5 = bound(table, zero + 31 * parts);
  const b6 = bound(table, zero + 63 * parts), one = bound(table, 254);
  for (let o: usize = 0; o <= END; o += 16) {
    const x = f32x4.div(v128.load(from + o), divisor);
    const size = f32x4.abs(x);
    let count = f32x4.splat(fewest);
    let factor = f32x4.splat(1e6);
    const r1 = f32x4.gt(size, b1), r2 = f32x4.gt(size, b2), r3 = f32x4.gt(size, b3);
    const r4 = f32x4.gt(size, b4), r5 = f32x4.gt(size, b5), r6 = f32x4.gt(size, b6);
    count = more(more(more(count, r1, fewest), r2, 2 * fewest), r3, 4 * fewest);
    count = more(more(more(count, r4, 8 * fewest), r5, 16 * fewest), r6, 32 * fewest);
    factor = more(more(more(factor, r1, -900000), r2, -90000), r3, -9000);
    factor = more(more(more(factor, r4, -900), r5, -90), r6, -9);
    const share = f32x4.div(f32x4.sub(f32x4.mul(size, factor), f32x4.splat(0.1)), f32x4.splat(0.9));
    const place = f32x4.floor(f32x4.mul(share, count));
    const inDecade = f32x4.min(f32x4.max(place, f32x4.splat(0)), f32x4.sub(count, f32x4.splat(1)));
    const rank = f32x4.sub(f32x4.add(inDecade, count), f32x4.splat(fewest - 1));
    let code = v128.and(rank, f32x4.gt(size, b0));
    if (signed) {
      const negative = v128.and(x, f32x4.splat(-0.0));
      code = f32x4.add(v128.or(code, negative), f32x4.splat(127));
    }
    v128.store(from + o, more(code, f32x4.gt(x, one), 1));
  }
  const words = arg<usize>(codes + 2) + ((b * WORDS) << 2);
  for (let w = 0; w < WORDS; w++, from += 12) {
    store<f32>(words + (w << 2), load<f32>(from) + load<f32>(from, 4) * 256 + load<f32>(from, 8) * 65536);
  }
}

/** Between the numbers of a code and of the next. */
// @ts-ignore: decorator
@inline
function bound(table: usize, code: i32): v128 {
  return f32x4.splat((load<f32>(table + (code << 2)) + load<f32>(table + (code << 2), 4)) * 0.5);
}

// @ts-ignore: decorator
@inline
function more(x: v128, where: v128, by: f32): v128 {
  return f32x4.add(x, v128.and(where, f32x4.splat(by)));
}
