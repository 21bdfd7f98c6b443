// Attention of few queries over few keys, in loops.
import type { AttentionAttrs, AttentionInputs } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { dot, tensorOf, valuesOf } from '../in-javascript.ts';

/** Added to the score of a key that must not be seen, as in the reference. */
const HIDDEN = -1e9;

/** The result [b, t, h, f] and the weights [b, h, t, s]. */
export function smallAttention(
  { q, k, v, mask }: AttentionInputs,
  { causal, scale }: AttentionAttrs,
): { out: Tensor; p: Tensor } {
  const [b, t, h, f] = q.shape as [number, number, number, number];
  const [, s, g] = k.shape as [number, number, number];
  const [qs, ks, vs, seen] = [q, k, v, mask].map(valuesOf) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const out = new Float32Array(b * t * h * f);
  const p = new Float32Array(b * h * t * s);
  for (let n = 0; n < b * t * h; n++) {
    const head = n % h;
    const query = Math.floor(n / h) % t;
    const entry = Math.floor(n / (h * t));
    const first = ((entry * h + head) * t + query) * s;
    const weights = p.subarray(first, first + s);
    const at = (entry * s * g + Math.floor((head * g) / h)) * f;
    for (let key = 0; key < s; key++) {
      const hidden = (1 - (seen[entry * s + key] as number)) * HIDDEN;
      const score = dot(qs, n * f, ks, at + key * g * f, f) * scale;
      weights[key] = score + hidden + (causal && key > query + s - t ? HIDDEN : 0);
    }
    softmax(weights);
    for (let key = 0; key < s; key++) {
      const weight = weights[key] as number;
      for (let j = 0, from = at + key * g * f, to = n * f; j < f; j++, from++, to++) {
        out[to] = (out[to] as number) + weight * (vs[from] as number);
      }
    }
  }
  return { out: tensorOf(out, q.shape), p: tensorOf(p, [b, h, t, s]) };
}

/** In place. */
function softmax(x: Float32Array): void {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of x) if (!(value <= top)) top = value;
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const e = Math.exp((x[i] as number) - top);
    x[i] = e;
    sum += e;
  }
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) / sum;
}
