// Loops over the numbers of two models and of a change between them. They come in pieces; of a piece that is not full, memory behind
// its end may be read and written.

export const F16: i32 = 0;
export const BF16: i32 = 1;
export const F32: i32 = 2;

/** Numbers of a piece, at most. */
export const PIECE: usize = 8192;
const AREA: usize = 4 * PIECE + 64;
/** Pieces of the two models' numbers, of other such numbers, and of numbers in float32. */
export const BASE: usize = 64;
export const TUNED: usize = BASE + AREA;
export const RESULT: usize = TUNED + AREA;
export const CHANGE: usize = RESULT + AREA;
/** The two sums of `distances`. */
export const SUMS: usize = 0;
const WIDE: usize = CHANGE + AREA;
export const FREE: usize = WIDE + 3 * AREA;

// @ts-ignore: decorator
@inline
function splat(bits: i32): v128 {
  return i32x4.splat(bits);
}

/** What a binary16 whose bits have been moved into place is multiplied by: the exponents' offsets differ by 112. */
const RAISE: f32 = 5.192296858534828e33;

/** Four codes of binary16, with their signs in all bits above, in float32: exact, below the smallest normal number too. */
// @ts-ignore: decorator
@inline
function fromHalf(code: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(code, 13), splat(0x8fffe000)), f32x4.splat(RAISE));
}

/** The same of four that are not all finite: these keep their bits. */
function fromOddHalf(code: v128): v128 {
  const bits = i32x4.shl(v128.and(code, splat(0x7fff)), 13);
  const odd = v128.or(v128.or(bits, splat(0x7f800000)), v128.and(code, splat(0x80000000)));
  return v128.bitselect(odd, fromHalf(code), i32x4.ge_s(bits, splat(0x0f800000)));
}

/** The nearest codes of binary16. Below the smallest normal one, a sum with 0.5 rounds at their last bit. */
// @ts-ignore: decorator
@inline
function toHalf(bits: v128): v128 {
  const magnitude = v128.and(bits, splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.sub(magnitude, splat(0x38000000 - 0xfff)), odd), 13);
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), splat(0x3f000000));
  const cut = v128.and(i32x4.shr_u(magnitude, 13), splat(0x3ff));
  const payload = v128.or(cut, v128.and(i32x4.eq(cut, splat(0)), splat(0x200)));
  let code = i32x4.min_s(rounded, splat(0x7c00));
  code = v128.bitselect(small, code, i32x4.lt_s(magnitude, splat(0x38800000)));
  code = v128.bitselect(v128.or(payload, splat(0x7c00)), code, i32x4.gt_s(magnitude, splat(0x7f800000)));
  return v128.or(code, v128.and(i32x4.shr_u(bits, 16), splat(0x8000)));
}

// @ts-ignore: decorator
@inline
function toBrain(bits: v128): v128 {
  const cut = i32x4.shr_u(bits, 16);
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(bits, splat(0x7fff)), v128.and(cut, splat(1))), 16);
  const isBare = i32x4.eq(v128.and(cut, splat(0x7f)), splat(0));
  const isNan = i32x4.gt_s(v128.and(bits, splat(0x7fffffff)), splat(0x7f800000));
  return v128.bitselect(v128.or(cut, v128.and(isBare, splat(0x40))), rounded, isNan);
}

/** Numbers in float32, where they are or written `to` there. */
function widen(kind: i32, from: usize, count: usize, to: usize): usize {
  if (kind == F32) return from;
  if (kind == F16) {
    for (let i: usize = 0; i < count; i += 8) {
      const codes = v128.load(from + (i << 1));
      const at = to + (i << 2);
      const odd = i16x8.eq(v128.and(codes, i16x8.splat(0x7c00)), i16x8.splat(0x7c00));
      const low = i32x4.extend_low_i16x8_s(codes);
      const high = i32x4.extend_high_i16x8_s(codes);
      if (v128.any_true(odd)) {
        v128.store(at, fromOddHalf(low));
        v128.store(at, fromOddHalf(high), 16);
      } else {
        v128.store(at, fromHalf(low));
        v128.store(at, fromHalf(high), 16);
      }
    }
  } else for (let i: usize = 0; i < count; i += 4) v128.store(to + (i << 2), i32x4.shl(v128.load16x4_u(from + (i << 1)), 16));
  return to;
}

/** Rounds float32 to the nearest. */
function narrow(kind: i32, from: usize, count: usize, to: usize): void {
  if (kind == F32) memory.copy(to, from, count << 2);
  else if (kind == F16) {
    for (let i: usize = 0; i < count; i += 8) {
      const at = from + (i << 2);
      v128.store(to + (i << 1), i16x8.narrow_i32x4_u(toHalf(v128.load(at)), toHalf(v128.load(at, 16))));
    }
  } else {
    for (let i: usize = 0; i < count; i += 8) {
      const at = from + (i << 2);
      v128.store(to + (i << 1), i16x8.narrow_i32x4_u(toBrain(v128.load(at)), toBrain(v128.load(at, 16))));
    }
  }
}

/** Behind a piece that is not full there are zeros. */
function end(kind: i32, at: usize, count: usize): void {
  v128.store(at + (count << (kind == F32 ? 2 : 1)), splat(0));
}

/** `CHANGE` from `BASE` to `TUNED`, where what is not finite is 0; whether all of it is. */
export function difference(kind: i32, count: usize): bool {
  end(kind, BASE, count);
  end(kind, TUNED, count);
  const base = widen(kind, BASE, count, WIDE);
  const tuned = widen(kind, TUNED, count, WIDE + AREA);
  let finite = splat(-1);
  for (let at: usize = 0; at < count << 2; at += 16) {
    const change = f32x4.sub(v128.load(tuned + at), v128.load(base + at));
    const is = f32x4.eq(f32x4.sub(change, change), splat(0));
    finite = v128.and(finite, is);
    v128.store(at, v128.and(change, is), CHANGE);
  }
  return i32x4.all_true(finite);
}

/** `RESULT` is `BASE` and `factor` times `CHANGE`, reckoned in float64 and rounded to float32 first. */
export function move(kind: i32, count: usize, factor: f64): void {
  const base = widen(kind, BASE, count, WIDE);
  const times = f64x2.splat(factor);
  for (let at: usize = 0; at < count << 2; at += 8) {
    const change = f64x2.promote_low_f32x4(v128.load64_zero(at, CHANGE));
    const sum = f64x2.add(f64x2.promote_low_f32x4(v128.load64_zero(base + at)), f64x2.mul(times, change));
    v128.store64_lane(WIDE + at, f32x4.demote_f64x2_zero(sum), 0);
  }
  narrow(kind, WIDE, count, RESULT);
}

/** Adds to `SUMS` the squared distances of `RESULT` and of `BASE` from `TUNED`, one number after the other. */
export function distances(kind: i32, count: usize): void {
  end(kind, BASE, count);
  end(kind, TUNED, count);
  end(kind, RESULT, count);
  const base = widen(kind, BASE, count, WIDE);
  const tuned = widen(kind, TUNED, count, WIDE + AREA);
  const result = widen(kind, RESULT, count, WIDE + 2 * AREA);
  let sums = v128.load(SUMS);
  for (let at: usize = 0; at < count << 2; at += 8) {
    const wanted = f64x2.promote_low_f32x4(v128.load64_zero(tuned + at));
    const missing = f64x2.sub(wanted, f64x2.promote_low_f32x4(v128.load64_zero(result + at)));
    const change = f64x2.sub(wanted, f64x2.promote_low_f32x4(v128.load64_zero(base + at)));
    const first = v128.shuffle<i64>(missing, change, 0, 2);
    const second = v128.shuffle<i64>(missing, change, 1, 3);
    sums = f64x2.add(f64x2.add(sums, f64x2.mul(first, first)), f64x2.mul(second, second));
  }
  v128.store(SUMS, sums);
}
