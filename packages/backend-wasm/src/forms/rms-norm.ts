// RmsNorm on our kernels.
import { type Form, type Kernel, kernel, type RmsNormAttrs, type RmsNormInputs, rmsNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function rmsNormKernel(r: Runtime): Kernel {
  const form: Form<RmsNormInputs, RmsNormAttrs> = {
    forward({ x, gamma }, { eps }) {
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      const out = r.tensor(x.shape);
      const inverse = r.tensor([rows]);
      r.run.rmsNorm(r.at(x), r.at(gamma), r.at(out), r.at(inverse), rows, d, eps);
      return { out, saved: [x, gamma, inverse] };
    },
    grad(dy, saved) {
      const [x, gamma, inverse] = saved as [Tensor, Tensor, Tensor];
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run.rmsNormGrad(r.at(dy), r.at(x), r.at(gamma), r.at(inverse), r.at(dx), rows, d);
          return dx;
        },
        gamma: () => {
          const dgamma = r.zeros(gamma.shape);
          r.run.rmsNormGamma(r.at(dy), r.at(x), r.at(inverse), r.at(dgamma), rows, d);
          return dgamma;
        },
      };
    },
  };
  return kernel(rmsNorm, form);
}
