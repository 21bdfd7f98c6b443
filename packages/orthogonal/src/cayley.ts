// Orthogonal blocks from skew-symmetric ones (Cayley): R = (I - Q) (I + Q)⁻¹, or the first terms of its series.
import { type FusedOp, fusedOp } from '@peftjs/backend';
import { abs, add, div, eye, matMul, max, mul, neg, sub, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';

/** Enough for I + Q where the largest eigenvalue of Q is some hundred; near the identity a third of them does. */
const ITERATIONS = 30;

/** Newton and Schulz: X ← X (2 I - A X), from A' over its norms. */
function invert(a: Tensor): Tensor {
  const turned = transpose(a, [0, 2, 1]);
  const size = (t: Tensor) => max(sum(abs(t), 2, true), 1, true);
  let x = div(turned, mul(size(a), size(turned)));
  for (let i = 0; i < ITERATIONS; i++) x = sub(mul(x, 2), matMul(x, matMul(a, x)));
  return x;
}

/** The inverse of each block of `a` [n, k, k], with its gradient -X' dX X'. */
export const blockInverse: FusedOp<{ readonly a: Tensor }, object> = fusedOp('BlockInverse', {
  forward({ a }) {
    const x = invert(a);
    return { out: x, saved: [x] };
  },
  grad: (dy, [x]) => ({ a: () => neg(matMul(matMul(x as Tensor, dy, true, false), x as Tensor, false, true)) }),
});

/** R of blocks Q [n, k, k]. */
export function cayley(q: Tensor): Tensor {
  const identity = eye(q.shape[1] as number);
  return matMul(sub(identity, q), blockInverse({ a: add(identity, q) }, {}));
}

/** The series of (I + Q) (I - Q)⁻¹, R of -Q: I + 2 Q + 2 Q² + … + Q^(terms - 1), the last counting once, as PEFT has it. */
export function cayleySeries(q: Tensor, terms: number): Tensor {
  let power = q;
  let sum: Tensor = eye(q.shape[1] as number);
  for (let n = 1; n < terms; n++) {
    sum = add(sum, n > 2 && n === terms - 1 ? power : mul(power, 2));
    power = matMul(power, q);
  }
  return sum;
}
