// The sum of one number from each lane of a workgroup, given to all of them.

/** Lanes of a workgroup that works on one row. */
export const LANES = 64;

/** WGSL: `sumOverGroup(value, lane)`; every lane must call it, and may call it again. */
export const sumOverGroup: string = `
var<workgroup> partial: array<f32, ${LANES}>;
fn sumOverGroup(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) { partial[lane] += partial[lane + half]; }
    workgroupBarrier();
  }
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}
`;
