// LayerNorm on our kernels.
import { type Form, type Kernel, kernel, type LayerNormAttrs, type LayerNormInputs, layerNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function layerNormKernel(r: Runtime): Kernel {
  const form: Form<LayerNormInputs, LayerNormAttrs> = {
    forward({ x, gamma, beta }, { eps }) {
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      const out = r.tensor(x.shape);
      const stats = r.tensor([rows, 3]);
      r.run.layerNorm(r.at(x), r.at(gamma), r.at(beta), r.at(out), r.at(stats), rows, d, eps);
      return { out, saved: [x, gamma, stats] };
    },
    grad(dy, saved) {
      const [x, gamma, stats] = saved as [Tensor, Tensor, Tensor];
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run.layerNormGrad(r.at(dy), r.at(x), r.at(gamma), r.at(stats), r.at(dx), rows, d);
          return dx;
        },
        gamma: () => {
          const dgamma = r.zeros(gamma.shape);
          r.run.layerNormGamma(r.at(dy), r.at(x), r.at(stats), r.at(dgamma), rows, d);
          return dgamma;
        },
        beta: () => {
          const dbeta = r.tensor(gamma.shape);
          r.run.sumRows(r.at(dy), r.at(dbeta), rows, d);
          return dbeta;
        },
      };
    },
  };
  return kernel(layerNorm, form);
}
