// CrossEntropy: a workgroup takes one row of logits; of the forward pass two numbers a row are kept, largest and sum.
import { type CrossEntropyInputs, crossEntropy, type Form, IGNORED, type Kernel, kernel } from '@peftjs/backend';
import { sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { maxOverGroup } from '../wgsl/max-over-group.ts';
import { LANES, sumOverGroup } from '../wgsl/sum-over-group.ts';

const forward = {
  name: 'cross-entropy',
  reads: { logits: 'f32', labels: 'i32' },
  writes: { losses: 'f32', norms: 'f32' },
  numbers: { n: 'u32', v: 'u32' },
  body: `${sumOverGroup}${maxOverGroup}
${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.n) { return; }
  let at = row * p.v;
  var most = logits[at];
  for (var i = lane; i < p.v; i += ${LANES}) { most = max(most, logits[at + i]); }
  most = maxOverGroup(most, lane);
  var sum = 0.0;
  for (var i = lane; i < p.v; i += ${LANES}) { sum += exp(logits[at + i] - most); }
  sum = sumOverGroup(sum, lane);
  if (lane == 0) {
    norms[2 * row] = most;
    norms[2 * row + 1] = sum;
    let label = labels[row];
    losses[row] = 0.0;
    if (label != ${IGNORED}) { losses[row] = log(sum) + (most - logits[at + u32(max(label, 0))]); }
  }
}`,
} as const satisfies Shader;

const backward = {
  name: 'cross-entropy-grad',
  reads: { dy: 'f32', logits: 'f32', labels: 'i32', norms: 'f32' },
  writes: { dlogits: 'f32' },
  numbers: { n: 'u32', v: 'u32' },
  body: `${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.n) { return; }
  let at = row * p.v;
  let label = labels[row];
  let counts = select(dy[0], 0.0, label == ${IGNORED});
  let hot = u32(max(label, 0));
  for (var i = lane; i < p.v; i += ${LANES}) {
    let share = exp(logits[at + i] - norms[2 * row]) / norms[2 * row + 1];
    dlogits[at + i] = (share - select(0.0, 1.0, i == hot)) * counts;
  }
}`,
} as const satisfies Shader;

export function crossEntropyKernel(r: Runtime): Kernel {
  const form: Form<CrossEntropyInputs, object> = {
    forward({ logits, labels }) {
      const [n, v] = logits.shape as [number, number];
      const [losses, norms] = [r.tensor([n]), r.tensor([n, 2])];
      r.run(forward, { logits, labels, losses, norms }, { n, v }, n);
      return { out: sum(losses), saved: [logits, labels, norms] };
    },
    grad(dy, saved) {
      const [logits, labels, norms] = saved as [Tensor, Tensor, Tensor];
      const [n, v] = logits.shape as [number, number];
      return {
        logits: () => {
          const dlogits = r.tensor(logits.shape);
          r.run(backward, { dy, logits, labels, norms, dlogits }, { n, v }, n);
          return dlogits;
        },
      };
    },
  };
  return kernel(crossEntropy, form);
}
