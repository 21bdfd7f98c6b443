// CrossEntropy on our kernels; of the forward pass only two numbers a row are kept beside the logits.
import { type CrossEntropyInputs, crossEntropy, type Form, type Kernel, kernel } from '@peftjs/backend';
import { sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function crossEntropyKernel(r: Runtime): Kernel {
  const form: Form<CrossEntropyInputs, object> = {
    forward({ logits, labels }) {
      const [n, v] = logits.shape as [number, number];
      const [losses, norms] = [r.tensor([n]), r.tensor([n, 2])];
      r.run.crossEntropy(r.at(logits), r.at(labels), r.at(losses), r.at(norms), n, v);
      return { out: sum(losses), saved: [logits, labels, norms] };
    },
    grad(dy, saved) {
      const [logits, labels, norms] = saved as [Tensor, Tensor, Tensor];
      const [n, v] = logits.shape as [number, number];
      return {
        logits: () => {
          const out = r.tensor(logits.shape);
          r.run.crossEntropyGrad(r.at(dy), r.at(logits), r.at(labels), r.at(norms), r.at(out), n, v);
          return out;
        },
      };
    },
  };
  return kernel(crossEntropy, form);
}
