// The largest of one number from each lane of a workgroup, given to all of them.
import { LANES } from './sum-over-group.ts';

/** WGSL: `maxOverGroup(value, lane)`; every lane must call it. Beside `sumOverGroup`, whose memory it uses. */
export const maxOverGroup: string = `
fn maxOverGroup(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) { partial[lane] = max(partial[lane], partial[lane + half]); }
    workgroupBarrier();
  }
  let most = partial[0];
  workgroupBarrier();
  return most;
}
`;
