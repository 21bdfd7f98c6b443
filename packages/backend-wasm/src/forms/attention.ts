// Attention on our kernels. The backward pass computes the probabilities again from one number a query.
import {
  type AttentionAttrs,
  type AttentionInputs,
  attention,
  type Form,
  type Kernel,
  kernel,
  once,
} from '@peftjs/backend';
import { cast, type Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

/** b, t, s, h, g, f in the order in which the kernels take them. */
function sizes(q: Tensor, k: Tensor): readonly [number, number, number, number, number, number] {
  const [b, t, h, f] = q.shape as [number, number, number, number];
  const [, s, g] = k.shape as [number, number, number];
  return [b, t, s, h, g, f];
}

export function attentionKernel(r: Runtime): Kernel {
  const form: Form<AttentionInputs, AttentionAttrs> = {
    forward({ q, k, v, mask: given }, { causal, scale }) {
      const mask = given.dtype === 'float32' ? given : cast(given, 'float32');
      const [b, t, s, h, g, f] = sizes(q, k);
      const [out, logSums] = [r.tensor(q.shape), r.tensor([b, t, h])];
      r.reserve(r.run.attentionScratch(s));
      const at = [q, k, v, mask, out, logSums].map((x) => r.at(x));
      r.run.attention(...at, b, t, s, h, g, f, Number(causal), scale);
      return { out, saved: [q, k, v, mask, logSums] };
    },
    grad(dy, saved, { causal, scale }) {
      const [q, k] = saved as [Tensor, Tensor];
      const [b, t, s, h, g, f] = sizes(q, k);
      const all = once(() => {
        const [dq, dk, dv] = [r.tensor(q.shape), r.tensor([b, s, h, f]), r.tensor([b, s, h, f])];
        r.reserve(r.run.attentionScratch(s));
        const at = [dy, ...saved, dq, dk, dv].map((x) => r.at(x));
        r.run.attentionGrad(...at, b, t, s, h, g, f, Number(causal), scale);
        return { dq, dk: ofGroups(dk), dv: ofGroups(dv) };
      });
      const ofGroups = (d: Tensor): Tensor => {
        if (g === h) return d;
        const out = r.tensor([b, s, g, f]);
        r.run.sumGroups(r.at(d), r.at(out), b * s, h, g, f);
        return out;
      };
      return { q: () => all().dq, k: () => all().dk, v: () => all().dv };
    },
  };
  return kernel(attention, form);
}
