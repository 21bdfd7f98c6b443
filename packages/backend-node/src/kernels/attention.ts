// Attention in native ops. The scale goes to q, which is small, and the backward pass takes the row sums of p · dp from
// the output (Dao et al., arXiv 2205.14135), so that only four ops pass over the [b, h, t, s] scores.
import { type AttentionAttrs, type AttentionInputs, attention, type Form, type Kernel, kernel } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fitsJavaScript } from '../in-javascript.ts';
import { float, type Raw, raw, run } from '../native.ts';
import {
  add,
  batchMatMul,
  mul,
  reshape,
  scale,
  softmax,
  sub,
  sumLast,
  transpose,
  upperTriangle,
} from '../native-math.ts';
import { smallAttention } from './small-attention.ts';

/** Products of a query and a key up to which loops are faster; measured with 2 to 9 heads. */
const SMALL = 65536;

/** As in the reference: finite, so that a row with no key at all gives no NaN. */
const HIDDEN = -1e9;

interface Dims {
  readonly b: number;
  readonly t: number;
  readonly s: number;
  readonly h: number;
  readonly g: number;
}

function dims(q: Tensor, k: Tensor): Dims {
  const [b, t, h] = q.shape as [number, number, number];
  const [, s, g] = k.shape as [number, number, number];
  return { b, t, s, h, g };
}

/** [b, n, h, f] to [b, g, (h / g) n, f]: the heads that share keys lie together. */
function grouped(x: Raw, g: number): Raw {
  const [b, n, h, f] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [b, g, (h / g) * n, f]);
}

function ungrouped(x: Raw, n: number, h: number): Raw {
  const [b, , , f] = x.shape as [number, number, number, number];
  return transpose(reshape(x, [b, h, n, f]), [0, 2, 1, 3]);
}

/** What to add to the scores [b, h, t, s]. */
function bias(mask: Tensor, { b, t, s }: Dims, causal: boolean): Raw {
  const padding = reshape(mul(sub(raw(mask), float(1)), float(-HIDDEN)), [b, 1, 1, s]);
  return causal && t > 1 ? add(padding, upperTriangle(t, s, s - t, HIDDEN)) : padding;
}

const form: Form<AttentionInputs, AttentionAttrs> = {
  forward({ q, k, v, mask }, attrs) {
    const n = dims(q, k);
    const { b, t, s, h, g } = n;
    if (fitsJavaScript(q.size * s, SMALL)) {
      const { out, p } = smallAttention({ q, k, v, mask }, attrs);
      return { out, saved: [q, k, v, p, out] };
    }
    const [out, p] = run(() => {
      const scores = batchMatMul(grouped(scale(raw(q), attrs.scale), g), grouped(raw(k), g), false, true);
      const weights = softmax(add(reshape(scores, [b, h, t, s]), bias(mask, n, attrs.causal)));
      return [ungrouped(batchMatMul(reshape(weights, scores.shape), grouped(raw(v), g)), t, h), weights];
    });
    return { out, saved: [q, k, v, p, out] };
  },
  grad(dy, saved, attrs) {
    const [q, k, v, p, out] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const { b, t, s, h, g } = dims(q, k);
    const shape = [b, g, (h / g) * t, s];
    let scores: Tensor | undefined;
    const dscores = () =>
      (scores ??= run(() => {
        const d = raw(dy);
        const rows = grouped(sumLast(mul(d, raw(out))), g);
        const dp = batchMatMul(grouped(d, g), grouped(raw(v), g), false, true);
        return [mul(reshape(raw(p), shape), sub(dp, rows))];
      })[0]);
    return {
      q: () => run(() => [scale(ungrouped(batchMatMul(raw(dscores()), grouped(raw(k), g)), t, h), attrs.scale)])[0],
      k: () =>
        run(() => [scale(ungrouped(batchMatMul(raw(dscores()), grouped(raw(q), g), true), s, g), attrs.scale)])[0],
      v: () => run(() => [ungrouped(batchMatMul(reshape(raw(p), shape), grouped(raw(dy), g), true), s, g)])[0],
    };
  },
};

export const attentionKernel: Kernel = kernel(attention, form);
