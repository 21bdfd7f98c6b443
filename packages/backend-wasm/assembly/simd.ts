// Four floats at a time: the few operations that every kernel is made of.

/** Whether this build may use the fused multiply-add of relaxed SIMD. */
export const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;

/** c + a b */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
export function sumOf(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

// @ts-ignore: decorator
@inline
export function maxOf(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/**
 * e^x to about one unit in the last place: x = n ln 2 + r, a polynomial in r (Cephes), n added to the exponent.
 * What would be below the smallest normal number is 0, what would be above the largest is about that; NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = clampExp(x);
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  return v128.andnot(expParts(n, remainder(clamped, n)), belowExp(x));
}

/** e^(x + low), where x alone would lose what is as small as `low`. */
// @ts-ignore: decorator
@inline
export function expSum4(x: v128, low: v128): v128 {
  const clamped = clampExp(x);
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  return v128.andnot(expParts(n, f32x4.add(remainder(clamped, n), low)), belowExp(x));
}

// @ts-ignore: decorator
@inline
function belowExp(x: v128): v128 {
  return f32x4.lt(x, f32x4.splat(-87.33654));
}

/** In this order of operands a NaN is kept. */
// @ts-ignore: decorator
@inline
function clampExp(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.33654)), f32x4.splat(88.37626));
}

/** x - n ln 2 */
// @ts-ignore: decorator
@inline
function remainder(x: v128, n: v128): v128 {
  return madd(n, f32x4.splat(2.12194440e-4), madd(n, f32x4.splat(-0.693359375), x));
}

/** 2^n e^r */
// @ts-ignore: decorator
@inline
function expParts(n: v128, r: v128): v128 {
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)));
  return i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23));
}

/** The first `n` of the four floats at `p`, and `fill` in the other lanes. */
// @ts-ignore: decorator
@inline
export function loadPart(p: usize, n: i32, fill: f32): v128 {
  let x = f32x4.splat(fill);
  if (n > 0) x = f32x4.replace_lane(x, 0, load<f32>(p));
  if (n > 1) x = f32x4.replace_lane(x, 1, load<f32>(p, 4));
  if (n > 2) x = f32x4.replace_lane(x, 2, load<f32>(p, 8));
  return x;
}

// @ts-ignore: decorator
@inline
export function storePart(p: usize, n: i32, x: v128): void {
  if (n > 0) store<f32>(p, f32x4.extract_lane(x, 0));
  if (n > 1) store<f32>(p, f32x4.extract_lane(x, 1), 4);
  if (n > 2) store<f32>(p, f32x4.extract_lane(x, 2), 8);
}

/** The natural logarithm of a normal positive number, in double precision: 2 artanh((m - 1) / (m + 1)) + n ln 2. */
export function log(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let n = <i32>((bits >> 52) & 0x7ff) - 1023;
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    n++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const series = 1 + z * (1 / 3.0 + z * (1 / 5.0 + z * (1 / 7.0 + z * (1 / 9.0 + z * (1 / 11.0 + z / 13.0)))));
  return 2 * s * series + <f64>n * 0.6931471805599453;
}
