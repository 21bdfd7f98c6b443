// AdamW as one loop over the values. TensorFlow would pass over memory once for each of the sixteen ops; and as long as
// no op reads the two means, they never leave JavaScript.
import { type AdamwAttrs, type AdamwForm, adamw, type Kernel, kernel } from '@peftjs/backend';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** A parameter and the means of its gradient and of its square, or the gradient itself. */
type Values = Readonly<Record<'p' | 'g' | 'm' | 'v', Float32Array>>;

export function adamwStep({ p, g, m, v }: Values, attrs: AdamwAttrs): Omit<Values, 'g'> {
  const { learningRate, beta1, beta2, eps, weightDecay, step, gradientScale } = attrs;
  const n = p.length;
  const after = { p: new Float32Array(n), m: new Float32Array(n), v: new Float32Array(n) };
  const { p: p2, m: m2, v: v2 } = after;
  const keep = 1 - learningRate * weightDecay;
  const rate = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < n; i++) {
    const gi = (g[i] as number) * gradientScale;
    const mi = beta1 * (m[i] as number) + (1 - beta1) * gi;
    const vi = beta2 * (v[i] as number) + (1 - beta2) * gi * gi;
    m2[i] = mi;
    v2[i] = vi;
    p2[i] = (p[i] as number) * keep - (rate * mi) / (Math.sqrt(vi) * correction + eps);
  }
  return after;
}

export const floats = (x: Tensor): Float32Array => x.dataSync<'float32'>();

const form: AdamwForm = ({ p, g, m, v }, attrs) => {
  const after = adamwStep({ p: floats(p), g: floats(g), m: floats(m), v: floats(v) }, attrs);
  const made = (values: Float32Array): Tensor => tensor(values, p.shape, 'float32');
  return [made(after.p), made(after.m), made(after.v)];
};

export const adamwKernel: Kernel = kernel(adamw, form);
