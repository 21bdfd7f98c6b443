// Signs alone.

/** A bit for each number that is below 0. Returns the sum and, one after the other, the numbers' sizes. */
export function signs(values: usize, count: usize, bits: usize, sum: f64): f64 {
  for (let i: usize = 0; i < count; i += 8) {
    const at = values + (i << 2);
    const left = count - i;
    const low = v128.load(at);
    const high = v128.load(at, 16);
    const zero = f32x4.splat(0);
    let below = i32x4.bitmask(f32x4.lt(low, zero)) | (i32x4.bitmask(f32x4.lt(high, zero)) << 4);
    if (left < 8) below &= (1 << <i32>left) - 1;
    store<u8>(bits + (i >> 3), <u8>below);
    for (let k: usize = 0; k < min(left, 8); k++) sum += <f64>abs(load<f32>(at + (k << 2)));
  }
  return sum;
}

/** Numbers of the size `scale` with the signs of the bits. */
export function signed(bits: usize, count: usize, scale: f32, values: usize): void {
  const size = f32x4.splat(scale);
  for (let i: usize = 0; i < count; i += 8) {
    const some = i32x4.splat(load<u8>(bits + (i >> 3)));
    const low = i32x4.shl(i32x4.mul(some, i32x4(1 << 7, 1 << 6, 1 << 5, 1 << 4)), 24);
    const high = i32x4.shl(i32x4.mul(some, i32x4(1 << 3, 1 << 2, 1 << 1, 1)), 24);
    const sign = i32x4.splat(0x80000000);
    v128.store(values + (i << 2), v128.xor(size, v128.and(low, sign)));
    v128.store(values + (i << 2), v128.xor(size, v128.and(high, sign)), 16);
  }
}
