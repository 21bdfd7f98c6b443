// The matrix with orthonormal rows that is nearest to a given one: (M M')^(-1/2) M, the polar factor of M [r, d].
import { untaped } from '@peftjs/backend';
import { abs, div, eye, matMul, max, mul, type Scalar, sqrt, sub, sum, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Enough for singular values of which the largest is some hundred times the smallest; each step takes a small one 1.5
 * times nearer to 1, and one near 1 to twice as many digits.
 */
const STEPS = 18;

/**
 * By Newton and Schulz: X ← (3 I - X X') X / 2, from M over a bound of its largest singular value. The bound is exact
 * where M's rows are orthonormal already, and no part of the gradient, as the result does not depend on it.
 */
export function polar(m: Tensor2D): Tensor2D {
  const bound = untaped(() => sqrt(mul(max(sum(abs(matMul(m, m, false, true)), 1)), 2)) as Scalar);
  const top = untaped(() => mul(eye(m.shape[0]), 1.5));
  // X / √2 spares two products a step.
  let x = div(m, bound) as Tensor2D;
  for (let step = 0; step < STEPS; step++) x = matMul(sub(top, matMul(x, x, false, true)) as Tensor2D, x);
  return mul(x, Math.SQRT2) as Tensor2D;
}
