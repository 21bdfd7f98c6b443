// Swiglu on our kernels.
import { type Form, type Kernel, kernel, once, type SwigluInputs, swiglu } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function swigluKernel(r: Runtime): Kernel {
  const form: Form<SwigluInputs, object> = {
    forward({ gate, up }) {
      const out = r.tensor(gate.shape);
      r.run.swiglu(r.at(gate), r.at(up), r.at(out), gate.size);
      return { out, saved: [gate, up] };
    },
    grad(dy, saved) {
      const [gate, up] = saved as [Tensor, Tensor];
      const both = once(() => {
        const [dgate, dup] = [r.tensor(gate.shape), r.tensor(gate.shape)];
        r.run.swigluGrad(r.at(dy), r.at(gate), r.at(up), r.at(dgate), r.at(dup), gate.size);
        return { dgate, dup };
      });
      return { gate: () => both().dgate, up: () => both().dup };
    },
  };
  return kernel(swiglu, form);
}
