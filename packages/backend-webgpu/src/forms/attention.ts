// Attention: a workgroup takes one query over the keys, 64 at a time, with the softmax kept up as it goes (Milakov and
// Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135). Of the probabilities two numbers a query are kept, the largest
// score and the sum; the backward pass makes them again, a workgroup a query for dq and a workgroup a key for dk and dv.
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
import { attentionKeys, attentionQueries, attentionStats } from '../wgsl/attention-backward.ts';
import { attentionForward } from '../wgsl/attention-forward.ts';
import { WIDEST } from '../wgsl/attention-scores.ts';

function sizes(q: Tensor, k: Tensor, { causal, scale }: AttentionAttrs) {
  const [b, t, h, f] = q.shape as [number, number, number, number];
  const [, s, g] = k.shape as [number, number, number];
  return { b, t, s, h, g, f, causal: Number(causal), scale };
}

export function attentionKernel(r: Runtime): Kernel {
  const { reference } = attention;
  const form: Form<AttentionInputs, AttentionAttrs> = {
    forward(inputs, attrs) {
      const { q, k, v } = inputs;
      const numbers = sizes(q, k, attrs);
      if (numbers.f > WIDEST) return reference.forward(inputs, attrs);
      const mask = inputs.mask.dtype === 'float32' ? inputs.mask : cast(inputs.mask, 'float32');
      const queries = numbers.b * numbers.t * numbers.h;
      const [y, norms] = [r.tensor(q.shape), r.tensor([queries, 2])];
      r.run(attentionForward, { q, k, v, mask, y, norms }, numbers, queries);
      return { out: y, saved: [q, k, v, mask, norms, y] };
    },
    grad(dy, saved, attrs) {
      const [q, k, v, mask, norms, y] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
      const numbers = sizes(q, k, attrs);
      const { b, t, s, h, g, f } = numbers;
      if (f > WIDEST) return reference.grad(dy, saved, attrs);
      const stats = once(() => {
        const out = r.tensor([b * t * h, 3]);
        r.run(attentionStats, { dy, y, norms, stats: out }, { queries: b * t * h, f }, b * t * h);
        return out;
      });
      const keys = once(() => {
        const [dk, dv] = [r.tensor(k.shape), r.tensor(k.shape)];
        r.run(attentionKeys, { dy, q, k, v, mask, stats: stats(), dk, dv }, numbers, b * s * g);
        return { dk, dv };
      });
      return {
        q: () => {
          const dq = r.tensor(q.shape);
          r.run(attentionQueries, { dy, q, k, v, mask, stats: stats(), dq }, numbers, b * t * h);
          return dq;
        },
        k: () => keys().dk,
        v: () => keys().dv,
      };
    },
  };
  return kernel(attention, form);
}
