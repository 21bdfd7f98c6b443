// The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415).
import { add, erf, exp, mul, sigmoid, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

export type GeluInputs = { readonly x: Tensor };
export interface GeluAttrs {
  /** True: by erf, as in BERT and ViT. False: by tanh, as in GPT-2. */
  readonly exact: boolean;
}

/** sqrt(2 / pi) and the factor of x³ in the argument of tanh. */
const ROOT = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/** P(X < x) for a standard normal X; (1 + tanh u) / 2 = sigmoid(2 u). */
function below(x: Tensor, exact: boolean): Tensor {
  if (exact) return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  return sigmoid(mul(mul(x, add(mul(square(x), CUBE), 1)), 2 * ROOT));
}

/** The derivative of `below`, given its value. */
function density(x: Tensor, p: Tensor, exact: boolean): Tensor {
  if (exact) return mul(exp(mul(square(x), -0.5)), ROOT / 2);
  return mul(mul(p, sub(1, p)), mul(add(mul(square(x), 3 * CUBE), 1), 2 * ROOT));
}

const reference: Form<GeluInputs, GeluAttrs> = {
  forward: ({ x }, { exact }) => ({ out: mul(x, below(x, exact)), saved: [x] }),
  grad(dy, saved, { exact }) {
    const [x] = saved as [Tensor];
    return {
      x: () => {
        const p = below(x, exact);
        return mul(dy, add(p, mul(x, density(x, p, exact))));
      },
    };
  },
};

/** x · P(X < x) for a standard normal X: x / 2 (1 + erf(x / √2)), or x / 2 (1 + tanh(√(2 / π) (x + 0.044715 x³))). */
export const gelu: FusedOp<GeluInputs, GeluAttrs> = fusedOp('Gelu', reference);
