// Some numbers alone, and a mask that says which.
import { brain, sizes } from './words';

/** Counts the numbers that are not 0 by their bits' upper half, without the sign. */
export function tally(values: usize, count: usize, counts: usize): void {
  for (let at = values; at < values + (count << 2); at += 4) {
    const size = load<u32>(at) & 0x7fffffff;
    const slot = counts + ((size >> 16) << 2);
    store<u32>(slot, load<u32>(slot) + <u32>(size != 0));
  }
}

/** A bit for each of 16 numbers whose bits without the sign are above `limit`. */
// @ts-ignore: decorator
@inline
function above(limit: v128, a: v128, b: v128, c: v128, d: v128): u32 {
  const low = i16x8.narrow_i32x4_s(i32x4.gt_s(a, limit), i32x4.gt_s(b, limit));
  const high = i16x8.narrow_i32x4_s(i32x4.gt_s(c, limit), i32x4.gt_s(d, limit));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** A bit for each number whose upper half is above `bucket`, and for the first `left` that have this one. Returns how many are left. */
export function markLargest(values: usize, count: usize, bucket: u32, left: u32, mask: usize): u32 {
  const largest = i32x4.splat((bucket << 16) | 0xffff);
  const least = i32x4.splat(max(bucket << 16, 1) - 1);
  for (let i: usize = 0; i < count; i += 16) {
    const at = values + (i << 2);
    const a = sizes(at);
    const b = sizes(at + 16);
    const c = sizes(at + 32);
    const d = sizes(at + 48);
    let marks = above(largest, a, b, c, d);
    let edge = above(least, a, b, c, d) ^ marks;
    if (count - i < 16) {
      const here = (1 << <u32>(count - i)) - 1;
      marks &= here;
      edge &= here;
    }
    for (; edge != 0 && left > 0; edge &= edge - 1, left--) marks |= edge & -edge;
    store<u16>(mask + (i >> 3), <u16>marks);
  }
  return left;
}

/** A bit for each number that is not 0 and for which a random one below `limit`, of 2^32, is drawn. Returns the generator's state. */
export function markDrawn(values: usize, count: usize, state: u32, limit: f64, mask: usize): u32 {
  for (let i: usize = 0; i < count; i += 8) {
    let marks: u32 = 0;
    for (let k: usize = 0; k < min(count - i, 8); k++) {
      state = state * 1664525 + 1013904223;
      marks |= <u32>(<f64>state < limit && load<f32>(values + ((i + k) << 2)) != 0) << <u32>k;
    }
    store<u8>(mask + (i >> 3), <u8>marks);
  }
  return state;
}

/** The numbers whose bits are set, times `factor` and in bfloat16. Returns where they end. */
export function gather(values: usize, mask: usize, bytes: usize, factor: f64, to: usize): usize {
  for (let i: usize = 0; i < bytes; i++) {
    for (let marks: u32 = load<u8>(mask + i); marks != 0; marks &= marks - 1) {
      const value = load<f32>(values + (i << 5) + (ctz(marks) << 2));
      store<u16>(to, <u16>brain(<f32>(<f64>value * factor)));
      to += 2;
    }
  }
  return to;
}

/** How many bits are set. */
export function marked(mask: usize, bytes: usize): u32 {
  let count: u32 = 0;
  for (let i: usize = 0; i < bytes; i++) count += popcnt<u32>(load<u8>(mask + i));
  return count;
}

/** Numbers in bfloat16 to where the bits are set, and zeros to where they are not. */
export function scatter(mask: usize, bytes: usize, from: usize, values: usize): void {
  for (let i: usize = 0; i < bytes; i++) {
    const at = values + (i << 5);
    v128.store(at, i32x4.splat(0));
    v128.store(at, i32x4.splat(0), 16);
    for (let marks: u32 = load<u8>(mask + i); marks != 0; marks &= marks - 1) {
      store<u32>(at + (ctz(marks) << 2), <u32>load<u16>(from) << 16);
      from += 2;
    }
  }
}
