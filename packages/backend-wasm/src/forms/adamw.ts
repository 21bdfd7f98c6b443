// AdamW on our kernels: parameter, gradient and both means read once.
import { type AdamwForm, adamw, type Kernel, kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';

export function adamwKernel(r: Runtime): Kernel {
  const form: AdamwForm = ({ p, g, m, v }, a) => {
    const [p2, m2, v2] = [r.tensor(p.shape), r.tensor(p.shape), r.tensor(p.shape)];
    const tensors = [p, g, m, v, p2, m2, v2].map((t) => r.at(t));
    r.run.adamw(
      ...tensors,
      p.size,
      a.gradientScale,
      a.beta1,
      a.beta2,
      1 - a.beta1,
      1 - a.beta2,
      1 - a.learningRate * a.weightDecay,
      a.learningRate / (1 - a.beta1 ** a.step),
      Math.sqrt(1 - a.beta2 ** a.step),
      a.eps,
    );
    return [p2, m2, v2];
  };
  return kernel(adamw, form);
}
