// LayerNorm: a workgroup takes the mean of one row twice, so that a constant row has none left, then the mean square.
import { type Form, type Kernel, kernel, type LayerNormAttrs, type LayerNormInputs, layerNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { LANES, sumOverGroup } from '../wgsl/sum-over-group.ts';

const forward = {
  name: 'layer-norm',
  reads: { x: 'f32', gamma: 'f32', beta: 'f32' },
  writes: { y: 'f32', stats: 'f32' },
  numbers: { rows: 'u32', d: 'u32', eps: 'f32' },
  body: `${sumOverGroup}
${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.rows) { return; }
  let at = row * p.d;
  let d = f32(p.d);
  var sum = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) { sum += x[at + i]; }
  let first = sumOverGroup(sum, lane) / d;
  sum = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) { sum += x[at + i] - first; }
  let second = sumOverGroup(sum, lane) / d;
  sum = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) {
    let c = (x[at + i] - first) - second;
    sum += c * c;
  }
  let inverse = inverseSqrt(sumOverGroup(sum, lane) / d + p.eps);
  if (lane == 0) {
    stats[3 * row] = first;
    stats[3 * row + 1] = second;
    stats[3 * row + 2] = inverse;
  }
  for (var i = lane; i < p.d; i += ${LANES}) {
    y[at + i] = ((x[at + i] - first) - second) * inverse * gamma[i] + beta[i];
  }
}`,
} as const satisfies Shader;

const normalized = `
fn normalized(row: u32, i: u32) -> f32 {
  return ((x[row * p.d + i] - stats[3 * row]) - stats[3 * row + 1]) * stats[3 * row + 2];
}`;

const gradX = {
  name: 'layer-norm-dx',
  reads: { dy: 'f32', x: 'f32', gamma: 'f32', stats: 'f32' },
  writes: { dx: 'f32' },
  numbers: { rows: 'u32', d: 'u32' },
  body: `${sumOverGroup}${normalized}
${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.rows) { return; }
  let at = row * p.d;
  var sum = 0.0;
  var along = 0.0;
  for (var i = lane; i < p.d; i += ${LANES}) {
    let g = dy[at + i] * gamma[i];
    sum += g;
    along += g * normalized(row, i);
  }
  let mean = sumOverGroup(sum, lane) / f32(p.d);
  let slope = sumOverGroup(along, lane) / f32(p.d);
  for (var i = lane; i < p.d; i += ${LANES}) {
    dx[at + i] = (dy[at + i] * gamma[i] - mean - normalized(row, i) * slope) * stats[3 * row + 2];
  }
}`,
} as const satisfies Shader;

const gradGamma = {
  name: 'layer-norm-dgamma',
  reads: { dy: 'f32', x: 'f32', stats: 'f32' },
  writes: { dgamma: 'f32' },
  numbers: { rows: 'u32', d: 'u32' },
  body: `${normalized}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.d) { return; }
  var sum = 0.0;
  for (var row = 0u; row < p.rows; row++) { sum += dy[row * p.d + i] * normalized(row, i); }
  dgamma[i] = sum;
}`,
} as const satisfies Shader;

const gradBeta = {
  name: 'layer-norm-dbeta',
  reads: { dy: 'f32' },
  writes: { dbeta: 'f32' },
  numbers: { rows: 'u32', d: 'u32' },
  body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.d) { return; }
  var sum = 0.0;
  for (var row = 0u; row < p.rows; row++) { sum += dy[row * p.d + i]; }
  dbeta[i] = sum;
}`,
} as const satisfies Shader;

export function layerNormKernel(r: Runtime): Kernel {
  const form: Form<LayerNormInputs, LayerNormAttrs> = {
    forward({ x, gamma, beta }, { eps }) {
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      const [y, stats] = [r.tensor(x.shape), r.tensor([rows, 3])];
      r.run(forward, { x, gamma, beta, y, stats }, { rows, d, eps }, rows);
      return { out: y, saved: [x, gamma, stats] };
    },
    grad(dy, saved) {
      const [x, gamma, stats] = saved as [Tensor, Tensor, Tensor];
      const d = x.shape.at(-1) as number;
      const rows = x.size / d;
      const columns = Math.ceil(d / LANES);
      return {
        x: () => {
          const dx = r.tensor(x.shape);
          r.run(gradX, { dy, x, gamma, stats, dx }, { rows, d }, rows);
          return dx;
        },
        gamma: () => {
          const dgamma = r.tensor(gamma.shape);
          r.run(gradGamma, { dy, x, stats, dgamma }, { rows, d }, columns);
          return dgamma;
        },
        beta: () => {
          const dbeta = r.tensor(gamma.shape);
          r.run(gradBeta, { dy, dbeta }, { rows, d }, columns);
          return dbeta;
        },
      };
    },
  };
  return kernel(layerNorm, form);
}
