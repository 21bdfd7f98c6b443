// What merging into a storage costs, and with it how far a merge may change what a model says.
import {
  divNoNan,
  greater,
  mul,
  type Scalar,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import type { Held } from './held.ts';

/** For weights that keep what they are given: what is left are roundings of float32. */
const EXACT = 1e-4;
/** A storage that moves a matrix by more is one of few bits: between what 8 bits lose, about 1 %, and 4 bits, about 9 %. */
const MOST = 1 / 32;

/**
 * (‖held − values‖ / ‖values‖)², by how much storing has moved a matrix; null where it cannot. 1 where that has over half the energy
 * of what merging added to `before`: what was learned is then lost, however little it is of the matrix.
 */
export function storingLoss(held: Held, values: Tensor, before: Tensor): Scalar | null {
  if (!('matMul' in held) || held.variable !== undefined) return null;
  return tidy(() => {
    const size = (difference: Tensor): Scalar => sum(square(difference));
    const lost = size(sub(held.read(), values));
    return where<Scalar>(greater(mul(lost, 2), size(sub(values, before))), 1, divNoNan(lost, size(values)));
  });
}

/**
 * The change of the output that storing explains. The matrices' losses add in squares, as they are independent of each other;
 * twice that, because of all outputs it is the one furthest off that counts. A storage of few bits loses too much to be
 * explained: over one it is what it is over float32.
 */
export async function toleranceOf(losses: readonly Scalar[]): Promise<number> {
  if (losses.length === 0) return EXACT;
  const all = stack([...losses]);
  const shares = [...(await all.data())];
  all.dispose();
  if (!shares.every((share) => share <= MOST ** 2)) return EXACT;
  return Math.max(EXACT, 2 * Math.sqrt(shares.reduce((total, share) => total + share)));
}
