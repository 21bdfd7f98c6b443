// Rotary position embedding (Su et al., arXiv 2104.09864), halves paired as in the Llama checkpoints on the hub.
import { add, concat, expandDims, mul, split, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `x` [b, t, h, 2 f]; `cos` and `sin` [b or 1, t, f], constants. */
export type RopeInputs = { readonly x: Tensor; readonly cos: Tensor; readonly sin: Tensor };

function rotate(x: Tensor, cos: Tensor, sin: Tensor, back: boolean): Tensor {
  const [u, v] = split(x, 2, -1) as [Tensor, Tensor];
  const c = expandDims(cos, 2);
  const s = expandDims(sin, 2);
  const [p, q] = back ? [add, sub] : [sub, add];
  return concat([p(mul(u, c), mul(v, s)), q(mul(v, c), mul(u, s))], -1);
}

const reference: Form<RopeInputs, object> = {
  forward: ({ x, cos, sin }) => ({ out: rotate(x, cos, sin, false), saved: [cos, sin] }),
  grad: (dy, saved) => ({ x: () => rotate(dy, saved[0] as Tensor, saved[1] as Tensor, true) }),
};

/** Turns each pair (x_j, x_{j+f}) by the angle of its position and frequency. */
export const rope: FusedOp<RopeInputs, object> = fusedOp('Rope', reference);
