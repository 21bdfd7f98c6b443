// Gelu on our kernels.
import { type Form, type GeluAttrs, type GeluInputs, gelu, type Kernel, kernel } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function geluKernel(r: Runtime): Kernel {
  const form: Form<GeluInputs, GeluAttrs> = {
    forward({ x }, { exact }) {
      const out = r.tensor(x.shape);
      r.run.gelu(r.at(x), r.at(out), x.size, Number(exact));
      return { out, saved: [x] };
    },
    grad(dy, saved, { exact }) {
      const [x] = saved as [Tensor];
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run.geluGrad(r.at(dy), r.at(x), r.at(dx), x.size, Number(exact));
          return dx;
        },
      };
    },
  };
  return kernel(gelu, form);
}
