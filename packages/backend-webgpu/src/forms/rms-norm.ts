// RmsNorm: a workgroup sums over one row.
import { type Form, type Kernel, kernel, type RmsNormAttrs, type RmsNormInputs, rmsNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { LANES, sumOverGroup } from '../wgsl/sum-over-group.ts';

const forward = {
  name: 'rms-norm',
  reads: { x: 'f32', gamma: 'f32' },
  writes: { y: 'f32', inverse: 'f32' },
  numbers: { rows: 'u32', d: 'u32', eps: 'f32' },
  body: `${sumOverGroup}
${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.rows) { return; }
  let at = row * p.d;
  var squares = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) { squares += x[at + i] * x[at + i]; }
  let scale = inverseSqrt(sumOverGroup(squares, lane) / f32(p.d) + p.eps);
  if (lane == 0) { inverse[row] = scale; }
  for (var i = lane; i < p.d; i += ${LANES}) { y[at + i] = x[at + i] * scale * gamma[i]; }
}`,
} as const satisfies Shader;

const gradX = {
  name: 'rms-norm-dx',
  reads: { dy: 'f32', x: 'f32', gamma: 'f32', inverse: 'f32' },
  writes: { dx: 'f32' },
  numbers: { rows: 'u32', d: 'u32' },
  body: `${sumOverGroup}
${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.rows) { return; }
  let at = row * p.d;
  let scale = inverse[row];
  var sum = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) { sum += dy[at + i] * gamma[i] * x[at + i] * scale; }
  let mean = sumOverGroup(sum, lane) / f32(p.d);
  for (var i = lane; i < p.d; i += ${LANES}) {
    dx[at + i] = (dy[at + i] * gamma[i] - x[at + i] * scale * mean) * scale;
  }
}`,
} as const satisfies Shader;

const gradGamma = {
  name: 'rms-norm-dgamma',
  reads: { dy: 'f32', x: 'f32', inverse: 'f32' },
  writes: { dgamma: 'f32' },
  numbers: { rows: 'u32', d: 'u32' },
  body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.d) { return; }
  var sum = 0.0;
  for (var row = 0u; row < p.rows; row++) { sum += dy[row * p.d + i] * x[row * p.d + i] * inverse[row]; }
  dgamma[i] = sum;
}`,
} as const satisfies Shader;

export function rmsNormKernel(r: Runtime): Kernel {
  const form: Form<RmsNormInputs, RmsNormAttrs> = {
    forward({ x, gamma }, { eps }) {
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      const y = r.tensor(x.shape);
      const inverse = r.tensor([rows]);
      r.run(forward, { x, gamma, y, inverse }, { rows, d, eps }, rows);
      return { out: y, saved: [x, gamma, inverse] };
    },
    grad(dy, saved) {
      const [x, gamma, inverse] = saved as [Tensor, Tensor, Tensor];
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run(gradX, { dy, x, gamma, inverse, dx }, { rows, d }, rows);
          return dx;
        },
        gamma: () => {
          const dgamma = r.tensor(gamma.shape);
          r.run(gradGamma, { dy, x, inverse, dgamma }, { rows, d }, Math.ceil(d / LANES));
          return dgamma;
        },
      };
    },
  };
  return kernel(rmsNorm, form);
}
