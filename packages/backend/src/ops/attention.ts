// Scaled dot-product attention with grouped queries (Vaswani et al., arXiv 1706.03762; Ainslie et al., arXiv 2305.13245).
import { add, matMul, mul, reshape, softmax, sub, sum, type Tensor, tensor, transpose } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `q` [b, t, h, f]; `k` and `v` [b, s, g, f] with h a multiple of g; `mask` [b, s], 1 for a key and 0 for padding. */
export type AttentionInputs = { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor; readonly mask: Tensor };
export interface AttentionAttrs {
  /** Each query sees the keys up to its own; the last query belongs to the last key. */
  readonly causal: boolean;
  /** The factor of q k', usually 1 / sqrt(f). */
  readonly scale: number;
}

/** Added to the score of a key that must not be seen. Finite, so that a row with no key at all gives no NaN. */
const HIDDEN = -1e9;

/** [b, n, h, f] to [b, g, (h / g) n, f]: the heads that share keys lie together. */
function grouped(x: Tensor, g: number): Tensor {
  const [b, n, h, f] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [b, g, (h / g) * n, f]);
}

function ungrouped(x: Tensor, n: number, h: number): Tensor {
  const [b, , , f] = x.shape as [number, number, number, number];
  return transpose(reshape(x, [b, h, n, f]), [0, 2, 1, 3]);
}

/** What to add to the scores [b, g, (h / g) t, s]; [b, 1, 1 or (h / g) t, s]. */
function bias(mask: Tensor, t: number, repeats: number, causal: boolean): Tensor {
  const [b, s] = mask.shape as [number, number];
  const padding = reshape(mul(sub(1, mask), HIDDEN), [b, 1, 1, s]);
  if (!causal || t === 1) return padding;
  const rows = new Float32Array(repeats * t * s);
  for (let row = 0; row < repeats * t; row++) rows.fill(HIDDEN, row * s + (row % t) + s - t + 1, (row + 1) * s);
  return add(padding, tensor(rows, [1, 1, repeats * t, s]));
}

const reference: Form<AttentionInputs, AttentionAttrs> = {
  forward({ q, k, v, mask }, { causal, scale }) {
    const [, t, h] = q.shape as [number, number, number];
    const g = k.shape[2] as number;
    const scores = matMul(grouped(q, g), grouped(k, g), false, true);
    const p = softmax(add(mul(scores, scale), bias(mask, t, h / g, causal)));
    return { out: ungrouped(matMul(p, grouped(v, g)), t, h), saved: [q, k, v, p] };
  },
  grad(dy, saved, { scale }) {
    const [q, k, v, p] = saved as [Tensor, Tensor, Tensor, Tensor];
    const [, t, h] = q.shape as [number, number, number];
    const [, s, g] = k.shape as [number, number, number];
    const d = grouped(dy, g);
    let scores: Tensor | undefined;
    const dscores = () => {
      if (scores === undefined) {
        const dp = matMul(d, grouped(v, g), false, true);
        scores = mul(mul(p, sub(dp, sum(mul(dp, p), -1, true))), scale);
      }
      return scores;
    };
    return {
      q: () => ungrouped(matMul(dscores(), grouped(k, g)), t, h),
      k: () => ungrouped(matMul(dscores(), grouped(q, g), true), s, g),
      v: () => ungrouped(matMul(p, d, true), s, g),
    };
  },
};

/** softmax(scale · q k' + mask) v, [b, t, h, f]. A row whose keys are all hidden gets their mean. */
export const attention: FusedOp<AttentionInputs, AttentionAttrs> = fusedOp('Attention', reference);
