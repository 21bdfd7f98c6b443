// Reductions of one row, and its softmax.
import { exp4, loadPart, maxOf, storePart, sumOf } from './simd';

export function rowMax(x: usize, n: i32): f32 {
  let top = f32x4.splat(-f32.MAX_VALUE);
  const whole: usize = (n & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) top = f32x4.max(top, v128.load(x + o));
  return maxOf(f32x4.max(top, loadPart(x + whole, n & 3, -f32.MAX_VALUE)));
}

/** Sum of e^(x - top). */
export function rowSumExp(x: usize, n: i32, top: f32): f32 {
  const tops = f32x4.splat(top);
  let sum = f32x4.splat(0);
  const whole: usize = (n & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(x + o), tops)));
  let total = sumOf(sum);
  const last = exp4(f32x4.sub(loadPart(x + whole, n & 3, 0), tops));
  const rest = n & 3;
  if (rest > 0) total += f32x4.extract_lane(last, 0);
  if (rest > 1) total += f32x4.extract_lane(last, 1);
  if (rest > 2) total += f32x4.extract_lane(last, 2);
  return total;
}

/** x = e^(scale x - shift) in place. */
export function rowExp(x: usize, n: i32, scale: f32, shift: f32): void {
  const scales = f32x4.splat(scale);
  const shifts = f32x4.splat(shift);
  const whole: usize = (n & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) {
    v128.store(x + o, exp4(f32x4.sub(f32x4.mul(v128.load(x + o), scales), shifts)));
  }
  const rest = n & 3;
  storePart(x + whole, rest, exp4(f32x4.sub(f32x4.mul(loadPart(x + whole, rest, 0), scales), shifts)));
}

export function rowSum(x: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  const whole: usize = (n & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) sum = f32x4.add(sum, v128.load(x + o));
  return sumOf(f32x4.add(sum, loadPart(x + whole, n & 3, 0)));
}

/** x = s x in place. */
export function rowScale(x: usize, n: i32, s: f32): void {
  const scale = f32x4.splat(s);
  const whole: usize = (n & ~3) << 2;
  for (let o: usize = 0; o < whole; o += 16) v128.store(x + o, f32x4.mul(v128.load(x + o), scale));
  const rest = n & 3;
  storePart(x + whole, rest, f32x4.mul(loadPart(x + whole, rest, 0), scale));
}
