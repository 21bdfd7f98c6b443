// Swiglu: a lane takes one number of each.
import { type Form, type Kernel, kernel, once, type SwigluInputs, swiglu } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { sigmoid } from '../wgsl/sigmoid.ts';

const LANES = 256;

const forward = {
  name: 'swiglu',
  reads: { gate: 'f32', up: 'f32' },
  writes: { y: 'f32' },
  numbers: { size: 'u32' },
  body: `${sigmoid}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i < p.size) { y[i] = gate[i] * sigmoid(gate[i]) * up[i]; }
}`,
} as const satisfies Shader;

const backward = {
  name: 'swiglu-grad',
  reads: { dy: 'f32', gate: 'f32', up: 'f32' },
  writes: { dgate: 'f32', dup: 'f32' },
  numbers: { size: 'u32' },
  body: `${sigmoid}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.size) { return; }
  let s = sigmoid(gate[i]);
  dgate[i] = dy[i] * up[i] * s * (1.0 + gate[i] * (1.0 - s));
  dup[i] = dy[i] * gate[i] * s;
}`,
} as const satisfies Shader;

export function swigluKernel(r: Runtime): Kernel {
  const form: Form<SwigluInputs, object> = {
    forward({ gate, up }) {
      const y = r.tensor(gate.shape);
      r.run(forward, { gate, up, y }, { size: y.size }, Math.ceil(y.size / LANES));
      return { out: y, saved: [gate, up] };
    },
    grad(dy, saved) {
      const [gate, up] = saved as [Tensor, Tensor];
      const both = once(() => {
        const [dgate, dup] = [r.tensor(gate.shape), r.tensor(gate.shape)];
        r.run(backward, { dy, gate, up, dgate, dup }, { size: dy.size }, Math.ceil(dy.size / LANES));
        return { dgate, dup };
      });
      return { gate: () => both().dgate, up: () => both().dup };
    },
  };
  return kernel(swiglu, form);
}
