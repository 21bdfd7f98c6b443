// Gelu: a lane takes one number. erf is a polynomial (Abramowitz and Stegun 7.1.26, wrong by 1.5e-7 at most).
import { type Form, type GeluAttrs, type GeluInputs, gelu, type Kernel, kernel } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { sigmoid } from '../wgsl/sigmoid.ts';

const LANES = 256;

/** P(X < x) and its derivative. */
const BELOW = {
  exact: `
fn below(x: f32) -> f32 {
  let z = abs(x) * ${Math.SQRT1_2};
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-z * z);
  return select(0.5 * tail, 1.0 - 0.5 * tail, x >= 0.0);
}
fn density(x: f32, below: f32) -> f32 { return exp(-0.5 * x * x) * ${Math.sqrt(1 / (2 * Math.PI))}; }`,
  byTanh: `${sigmoid}
const slope = ${2 * Math.sqrt(2 / Math.PI)};
fn below(x: f32) -> f32 { return sigmoid(slope * x * (1.0 + 0.044715 * x * x)); }
fn density(x: f32, below: f32) -> f32 { return below * (1.0 - below) * slope * (1.0 + 0.134145 * x * x); }`,
} as const;

const forward = (below: string) =>
  ({
    name: 'gelu',
    reads: { x: 'f32' },
    writes: { y: 'f32' },
    numbers: { size: 'u32' },
    body: `${below}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i < p.size) { y[i] = x[i] * below(x[i]); }
}`,
  }) as const satisfies Shader;

const backward = (below: string) =>
  ({
    name: 'gelu-grad',
    reads: { dy: 'f32', x: 'f32' },
    writes: { dx: 'f32' },
    numbers: { size: 'u32' },
    body: `${below}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.size) { return; }
  let q = below(x[i]);
  dx[i] = dy[i] * (q + x[i] * density(x[i], q));
}`,
  }) as const satisfies Shader;

const SHADERS = {
  exact: { forward: forward(BELOW.exact), backward: backward(BELOW.exact) },
  byTanh: { forward: forward(BELOW.byTanh), backward: backward(BELOW.byTanh) },
};

export function geluKernel(r: Runtime): Kernel {
  const shadersOf = ({ exact }: GeluAttrs) => SHADERS[exact ? 'exact' : 'byTanh'];
  const form: Form<GeluInputs, GeluAttrs> = {
    forward({ x }, attrs) {
      const y = r.tensor(x.shape);
      r.run(shadersOf(attrs).forward, { x, y }, { size: x.size }, Math.ceil(x.size / LANES));
      return { out: y, saved: [x] };
    },
    grad(dy, saved, attrs) {
      const [x] = saved as [Tensor];
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run(shadersOf(attrs).backward, { dy, x, dx }, { size: x.size }, Math.ceil(x.size / LANES));
          return dx;
        },
      };
    },
  };
  return kernel(gelu, form);
}
