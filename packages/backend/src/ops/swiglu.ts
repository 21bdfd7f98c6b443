// The gated activation of the Llama family (Shazeer, arXiv 2002.05202).
import { add, mul, sigmoid, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `gate` and `up` of one shape. */
export type SwigluInputs = { readonly gate: Tensor; readonly up: Tensor };

const reference: Form<SwigluInputs, object> = {
  forward: ({ gate, up }) => ({ out: mul(mul(gate, sigmoid(gate)), up), saved: [gate, up] }),
  grad(dy, saved) {
    const [gate, up] = saved as [Tensor, Tensor];
    return {
      gate: () => {
        const s = sigmoid(gate);
        return mul(mul(dy, up), mul(s, add(1, mul(gate, sub(1, s)))));
      },
      up: () => mul(dy, mul(gate, sigmoid(gate))),
    };
  },
};

/** gate · sigmoid(gate) · up. */
export const swiglu: FusedOp<SwigluInputs, object> = fusedOp('Swiglu', reference);
