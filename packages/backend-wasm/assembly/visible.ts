// Which keys a query sees, and the softmax of its scores over them. `mask` has a number for each key, 0 where it is padding;
// of the others a query sees those before `limit`.
import { exp4, log, maxOf, sumOf } from './simd';

const NEVER: f32 = -1e30;
/** Stands as the log sum of a query that sees no key. */
export const BLIND: f32 = 3e38;

/** The first key that is no padding; `s` where all are. */
export function firstKey(mask: usize, s: i32): i32 {
  let j = 0;
  while (j < s && load<f32>(mask + (j << 2)) == 0) j++;
  return j;
}

/** How many keys a block of queries has to do with: all of them where one sees none, otherwise those the last one sees. */
export function keysOf(firstLimit: i32, lastLimit: i32, first: i32, s: i32): i32 {
  return first >= firstLimit ? s : lastLimit;
}

// @ts-ignore: decorator
@inline
function masked(x: v128, mask: v128): v128 {
  return v128.bitselect(x, f32x4.splat(NEVER), f32x4.ne(mask, f32x4.splat(0)));
}

/**
 * Scores to e^(scale x - max) in place, 0 where hidden; zeros up to `n`.
 * @param sums receives the sum
 * @returns log sum exp, or BLIND
 */
export function softmaxRow(x: usize, mask: usize, limit: i32, n: i32, first: i32, scale: f32, sums: usize): f32 {
  if (first >= limit) {
    store<f32>(sums, blindRow(x, mask, limit, n, 1));
    return BLIND;
  }
  const scales = f32x4.splat(scale);
  let tops = f32x4.splat(NEVER);
  let top = NEVER;
  let j = 0;
  for (; j + 4 <= limit; j += 4) {
    const at = x + (j << 2);
    const y = masked(f32x4.mul(v128.load(at), scales), v128.load(mask + (j << 2)));
    v128.store(at, y);
    tops = f32x4.max(tops, y);
  }
  const whole = j;
  for (; j < limit; j++) {
    const at = x + (j << 2);
    const y = load<f32>(mask + (j << 2)) == 0 ? NEVER : load<f32>(at) * scale;
    store<f32>(at, y);
    top = max(top, y);
  }
  top = max(top, maxOf(tops));
  const shift = f32x4.splat(top);
  let total = f32x4.splat(0);
  for (j = 0; j < whole; j += 4) {
    const at = x + (j << 2);
    const y = exp4(f32x4.sub(v128.load(at), shift));
    v128.store(at, y);
    total = f32x4.add(total, y);
  }
  let sum = sumOf(total);
  for (; j < limit; j++) {
    const at = x + (j << 2);
    const y = f32x4.extract_lane(exp4(f32x4.splat(load<f32>(at) - top)), 0);
    store<f32>(at, y);
    sum += y;
  }
  if (n > limit) memory.fill(x + (limit << 2), 0, (n - limit) << 2);
  store<f32>(sums, sum);
  return top + <f32>log(sum);
}

/** Scores to probabilities in place, given their log sum. */
export function probabilityRow(x: usize, mask: usize, limit: i32, n: i32, scale: f32, logSum: f32): void {
  if (logSum == BLIND) {
    const count = blindRow(x, mask, limit, n, 1);
    blindRow(x, mask, limit, n, 1 / count);
    return;
  }
  const scales = f32x4.splat(scale);
  const shift = f32x4.splat(logSum);
  let j = 0;
  for (; j + 4 <= limit; j += 4) {
    const at = x + (j << 2);
    const y = masked(f32x4.sub(f32x4.mul(v128.load(at), scales), shift), v128.load(mask + (j << 2)));
    v128.store(at, exp4(y));
  }
  for (; j < limit; j++) {
    const at = x + (j << 2);
    const seen = load<f32>(mask + (j << 2)) != 0;
    store<f32>(at, seen ? f32x4.extract_lane(exp4(f32x4.splat(load<f32>(at) * scale - logSum)), 0) : 0);
  }
  if (n > limit) memory.fill(x + (limit << 2), 0, (n - limit) << 2);
}

/**
 * A query that sees no key takes those equally that are hidden for one reason alone: padding before the limit, and others
 * from it on. That is what adding one large negative number for each reason comes to.
 * @returns how many they are
 */
function blindRow(x: usize, mask: usize, limit: i32, n: i32, weight: f32): f32 {
  let count: f32 = 0;
  for (let j = 0; j < n; j++) {
    const takes = j < limit || load<f32>(mask + (j << 2)) != 0;
    store<f32>(x + (j << 2), takes ? weight : 0);
    if (takes) count += 1;
  }
  return count;
}
