// AdamW: parameter, gradient and both means read and written once.
import { type AdamwForm, adamw, type Kernel, kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';

const LANES = 256;

const step = {
  name: 'adamw',
  reads: { param: 'f32', g: 'f32', m: 'f32', v: 'f32' },
  writes: { param2: 'f32', m2: 'f32', v2: 'f32' },
  numbers: {
    size: 'u32',
    gradientScale: 'f32',
    beta1: 'f32',
    rest1: 'f32',
    beta2: 'f32',
    rest2: 'f32',
    keep: 'f32',
    rate: 'f32',
    correction: 'f32',
    eps: 'f32',
  },
  body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.size) { return; }
  let d = g[i] * p.gradientScale;
  let mean = m[i] * p.beta1 + d * p.rest1;
  let square = v[i] * p.beta2 + d * d * p.rest2;
  m2[i] = mean;
  v2[i] = square;
  param2[i] = param[i] * p.keep - mean / (sqrt(square) / p.correction + p.eps) * p.rate;
}`,
} as const satisfies Shader;

export function adamwKernel(r: Runtime): Kernel {
  const form: AdamwForm = ({ p, g, m, v }, a) => {
    const [param2, m2, v2] = [r.tensor(p.shape), r.tensor(p.shape), r.tensor(p.shape)];
    const numbers = {
      size: p.size,
      gradientScale: a.gradientScale,
      beta1: a.beta1,
      rest1: 1 - a.beta1,
      beta2: a.beta2,
      rest2: 1 - a.beta2,
      keep: 1 - a.learningRate * a.weightDecay,
      rate: a.learningRate / (1 - a.beta1 ** a.step),
      correction: Math.sqrt(1 - a.beta2 ** a.step),
      eps: a.eps,
    };
    r.run(step, { param: p, g, m, v, param2, m2, v2 }, numbers, Math.ceil(p.size / LANES));
    return [param2, m2, v2];
  };
  return kernel(adamw, form);
}
