// Products with few rows, as in generation: each weight is read once from memory, in place, by all rows.
import { GEMV_COLUMNS, GEMV_ROWS } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { madd, sumOf } from './simd';

function setArgs(a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, m: i32, n: i32, k: i32): void {
  setArg<usize>(0, a);
  setArg<usize>(1, lda);
  setArg<usize>(2, b);
  setArg<usize>(3, ldb);
  setArg<usize>(4, c);
  setArg<usize>(5, ldc);
  setArg<i32>(6, m);
  setArg<i32>(7, n);
  setArg<i32>(8, k);
}

/** C = A B' with the rows of A and of B adjacent in k: dot products, four rows of B at a time. */
export function gemvRows(a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, m: i32, n: i32, k: i32): void {
  setArgs(a, lda, b, ldb, c, ldc, m, n, k);
  parallel(GEMV_ROWS, chunksFor(n, <f64>k * m, 30_000));
}

export function gemvRowsChunk(chunk: i32): void {
  const lda = arg<usize>(1);
  const ldb = arg<usize>(3);
  const ldc = arg<usize>(5);
  const m = arg<i32>(6);
  const n = arg<i32>(7);
  const k = arg<i32>(8);
  const chunks = chunkCount();
  const end = startOf(chunk + 1, chunks, n);
  let j = startOf(chunk, chunks, n);
  for (; j < end; j += 4) {
    const rows = min(4, end - j);
    const b = arg<usize>(2) + j * ldb;
    for (let i = 0; i < m; i++) {
      const a = arg<usize>(0) + i * lda;
      const c = arg<usize>(4) + i * ldc + (j << 2);
      if (rows == 4) fourDots(a, b, ldb, c, k);
      else for (let r = 0; r < rows; r++) store<f32>(c + (r << 2), dot(a, b + r * ldb, k));
    }
  }
}

/** c[r] = a · (row r of b) for four rows. */
export function fourDots(a: usize, b: usize, ldb: usize, c: usize, k: i32): void {
  const b1 = b + ldb;
  const b2 = b1 + ldb;
  const b3 = b2 + ldb;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const whole: usize = (k & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) {
    const x = v128.load(a + o);
    s0 = madd(x, v128.load(b + o), s0);
    s1 = madd(x, v128.load(b1 + o), s1);
    s2 = madd(x, v128.load(b2 + o), s2);
    s3 = madd(x, v128.load(b3 + o), s3);
  }
  let t0 = sumOf(s0), t1 = sumOf(s1), t2 = sumOf(s2), t3 = sumOf(s3);
  for (let o = whole; o < <usize>k << 2; o += 4) {
    const x = load<f32>(a + o);
    t0 += x * load<f32>(b + o);
    t1 += x * load<f32>(b1 + o);
    t2 += x * load<f32>(b2 + o);
    t3 += x * load<f32>(b3 + o);
  }
  store<f32>(c, t0);
  store<f32>(c, t1, 4);
  store<f32>(c, t2, 8);
  store<f32>(c, t3, 12);
}

/** The sum of a[i] b[i]. */
export function dot(a: usize, b: usize, k: i32): f32 {
  let s = f32x4.splat(0), t = s;
  let i = 0;
  for (; i + 8 <= k; i += 8) {
    s = madd(v128.load(a), v128.load(b), s);
    t = madd(v128.load(a, 16), v128.load(b, 16), t);
    a += 32;
    b += 32;
  }
  let sum = sumOf(f32x4.add(s, t));
  for (; i < k; i++) {
    sum += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return sum;
}

/** C = A B with the rows of B adjacent in n: sums of scaled rows of B. */
export function gemvColumns(
  a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, m: i32, n: i32, k: i32,
): void {
  setArgs(a, lda, b, ldb, c, ldc, m, n, k);
  parallel(GEMV_COLUMNS, chunksFor((n + 15) >> 4, 16 * <f64>k * m, 30_000));
}

export function gemvColumnsChunk(chunk: i32): void {
  const lda = arg<usize>(1);
  const ldb = arg<usize>(3);
  const ldc = arg<usize>(5);
  const m = arg<i32>(6);
  const n = arg<i32>(7);
  const k = arg<i32>(8);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, (n + 15) >> 4) << 4;
  const width = min(n, startOf(chunk + 1, chunks, (n + 15) >> 4) << 4) - first;
  const b = arg<usize>(2) + (first << 2);
  const c = arg<usize>(4) + (first << 2);
  for (let i = 0; i < m; i++) memory.fill(c + i * ldc, 0, width << 2);
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    for (let i = 0; i < m; i++) {
      addFour(c + i * ldc, b + p * ldb, ldb, arg<usize>(0) + i * lda + (p << 2), width);
    }
  }
  for (; p < k; p++) {
    for (let i = 0; i < m; i++) addScaled(c + i * ldc, b + p * ldb, load<f32>(arg<usize>(0) + i * lda + (p << 2)), width);
  }
}

/** c += the four rows at b, each times its number at x. */
export function addFour(c: usize, b: usize, ldb: usize, x: usize, width: i32): void {
  const b1 = b + ldb;
  const b2 = b1 + ldb;
  const b3 = b2 + ldb;
  const x0 = v128.load32_splat(x);
  const x1 = v128.load32_splat(x, 4);
  const x2 = v128.load32_splat(x, 8);
  const x3 = v128.load32_splat(x, 12);
  const whole: usize = (width & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) {
    let y = madd(x0, v128.load(b + o), v128.load(c + o));
    y = madd(x1, v128.load(b1 + o), y);
    y = madd(x2, v128.load(b2 + o), y);
    y = madd(x3, v128.load(b3 + o), y);
    v128.store(c + o, y);
  }
  for (let o = whole; o < <usize>width << 2; o += 4) {
    const y =
      load<f32>(x) * load<f32>(b + o) + load<f32>(x, 4) * load<f32>(b1 + o) +
      (load<f32>(x, 8) * load<f32>(b2 + o) + load<f32>(x, 12) * load<f32>(b3 + o));
    store<f32>(c + o, load<f32>(c + o) + y);
  }
}

/** c += s b */
export function addScaled(c: usize, b: usize, s: f32, width: i32): void {
  const scale = f32x4.splat(s);
  const whole: usize = (width & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) v128.store(c + o, madd(scale, v128.load(b + o), v128.load(c + o)));
  for (let o = whole; o < <usize>width << 2; o += 4) store<f32>(c + o, load<f32>(c + o) + s * load<f32>(b + o));
}
