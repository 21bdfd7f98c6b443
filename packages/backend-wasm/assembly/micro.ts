// The inner loop of every product: a tile of 6 x 8, held in twelve registers, over the depth of two packed strips.
//
// Two functions that differ in where the sums begin. Anything but stores after the loop (a branch, an addition to what is
// there) makes V8 spill the sums and halves the speed.
import { madd, RELAXED } from './simd';

export const MR: i32 = 6;
export const NR: i32 = 8;

/**
 * C = A B on one tile.
 * @param a strip of 6 rows, packed; @param b strip of 8 columns, packed
 * @param depth rounded up to even, as the strips are
 * @param ldc bytes from one row of C to the next
 */
export function tile(a: usize, b: usize, c: usize, depth: i32, ldc: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero;
  let c10 = zero, c11 = zero;
  let c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero;
  let c40 = zero, c41 = zero;
  let c50 = zero, c51 = zero;
  // Fused, one step a turn is the fastest; unfused, two are.
  const steps = RELAXED ? 1 : 2;
  for (; depth > 0; depth -= steps) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a);
    c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    if (!RELAXED) {
      b0 = v128.load(b, 32); b1 = v128.load(b, 48);
      x = v128.load32_splat(a, 24);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 28);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 32);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 36);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 40);
      c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 44);
      c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    }
    a += 24 * steps;
    b += 32 * steps;
  }
  v128.store(c, c00); v128.store(c, c01, 16); c += ldc;
  v128.store(c, c10); v128.store(c, c11, 16); c += ldc;
  v128.store(c, c20); v128.store(c, c21, 16); c += ldc;
  v128.store(c, c30); v128.store(c, c31, 16); c += ldc;
  v128.store(c, c40); v128.store(c, c41, 16); c += ldc;
  v128.store(c, c50); v128.store(c, c51, 16);
}

/** C += A B on one tile. */
export function tileOnto(a: usize, b: usize, c: usize, depth: i32, ldc: usize): void {
  let row = c;
  let c00 = v128.load(row), c01 = v128.load(row, 16); row += ldc;
  let c10 = v128.load(row), c11 = v128.load(row, 16); row += ldc;
  let c20 = v128.load(row), c21 = v128.load(row, 16); row += ldc;
  let c30 = v128.load(row), c31 = v128.load(row, 16); row += ldc;
  let c40 = v128.load(row), c41 = v128.load(row, 16); row += ldc;
  let c50 = v128.load(row), c51 = v128.load(row, 16);
  // Fused, one step a turn is the fastest; unfused, two are.
  const steps = RELAXED ? 1 : 2;
  for (; depth > 0; depth -= steps) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a);
    c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    if (!RELAXED) {
      b0 = v128.load(b, 32); b1 = v128.load(b, 48);
      x = v128.load32_splat(a, 24);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 28);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 32);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 36);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 40);
      c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 44);
      c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    }
    a += 24 * steps;
    b += 32 * steps;
  }
  v128.store(c, c00); v128.store(c, c01, 16); c += ldc;
  v128.store(c, c10); v128.store(c, c11, 16); c += ldc;
  v128.store(c, c20); v128.store(c, c21, 16); c += ldc;
  v128.store(c, c30); v128.store(c, c31, 16); c += ldc;
  v128.store(c, c40); v128.store(c, c41, 16); c += ldc;
  v128.store(c, c50); v128.store(c, c51, 16);
}
