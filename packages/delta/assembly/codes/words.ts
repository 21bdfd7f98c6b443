// Numbers as their bits.

/** The bits of the nearest number in bfloat16, of one that is finite. */
// @ts-ignore: decorator
@inline
export function brain(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

// @ts-ignore: decorator
@inline
export function wide(code: u32): f32 {
  return reinterpret<f32>(code << 16);
}

/** The bits of four numbers without their signs. */
// @ts-ignore: decorator
@inline
export function sizes(at: usize): v128 {
  return v128.and(v128.load(at), i32x4.splat(0x7fffffff));
}
