// SwiGLU in native ops: one sigmoid in the backward pass, where the reference computes it for each input.
import { type Form, type Kernel, kernel, type SwigluInputs, swiglu } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { raw, run } from '../native.ts';
import { add, mul, sigmoid, sigmoidGrad } from '../native-math.ts';

const form: Form<SwigluInputs, object> = {
  forward({ gate, up }) {
    const [out] = run(() => {
      const g = raw(gate);
      return [mul(mul(g, sigmoid(g)), raw(up))];
    });
    return { out, saved: [gate, up] };
  },
  grad(dy, saved) {
    const [gate, up] = saved as [Tensor, Tensor];
    let kept: Tensor | undefined;
    const sigmoidOfGate = () => (kept ??= run(() => [sigmoid(raw(gate))])[0]);
    return {
      gate: () =>
        run(() => {
          const s = raw(sigmoidOfGate());
          const dz = mul(raw(dy), raw(up));
          return [add(mul(dz, s), sigmoidGrad(s, mul(dz, raw(gate))))];
        })[0],
      up: () => run(() => [mul(raw(dy), mul(raw(gate), raw(sigmoidOfGate())))])[0],
    };
  },
};

export const swigluKernel: Kernel = kernel(swiglu, form);
