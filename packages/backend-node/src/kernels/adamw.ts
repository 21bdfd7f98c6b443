// AdamW as one loop over the values. TensorFlow would pass over memory once for each of the sixteen ops; and as long as
// no op reads the two means, they never leave JavaScript.
import { type AdamwForm, adamw, type Kernel, kernel } from '@peftjs/backend';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

const form: AdamwForm = ({ p, g, m, v }, attrs) => {
  const { learningRate, beta1, beta2, eps, weightDecay, step, gradientScale } = attrs;
  const [ps, gs, ms, vs] = [p, g, m, v].map((x) => x.dataSync<'float32'>()) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const n = ps.length;
  const p2 = new Float32Array(n);
  const m2 = new Float32Array(n);
  const v2 = new Float32Array(n);
  const keep = 1 - learningRate * weightDecay;
  const rate = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < n; i++) {
    const gi = (gs[i] as number) * gradientScale;
    const mi = beta1 * (ms[i] as number) + (1 - beta1) * gi;
    const vi = beta2 * (vs[i] as number) + (1 - beta2) * gi * gi;
    m2[i] = mi;
    v2[i] = vi;
    p2[i] = (ps[i] as number) * keep - (rate * mi) / (Math.sqrt(vi) * correction + eps);
  }
  const made = (values: Float32Array): Tensor => tensor(values, p.shape, 'float32');
  return [made(p2), made(m2), made(v2)];
};

export const adamwKernel: Kernel = kernel(adamw, form);
