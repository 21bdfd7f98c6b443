// Attention of few queries over few keys, in loops.
import type { AttentionAttrs, AttentionInputs } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { tensorOf, valuesOf } from '../in-javascript.ts';

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
    scores(weights, qs.subarray(n * f, (n + 1) * f), ks, at, g * f, scale);
    for (let key = 0; key < s; key++) {
      const hidden = (1 - (seen[entry * s + key] as number)) * HIDDEN;
      weights[key] = (weights[key] as number) + hidden + (causal && key > query + s - t ? HIDDEN : 0);
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

/** scale q k' for the keys from `at` on, so far apart. Four sums at once: one would wait for itself. */
function scores(into: Float32Array, q: Float32Array, ks: Float32Array, at: number, apart: number, scale: number): void {
  const f = q.length;
  const whole = f & ~3;
  for (let key = 0, from = at; key < into.length; key++, from += apart) {
    let [w, x, y, z] = [0, 0, 0, 0];
    for (let j = 0; j < whole; j += 4) {
      w += (q[j] as number) * (ks[from + j] as number);
      x += (q[j + 1] as number) * (ks[from + j + 1] as number);
      y += (q[j + 2] as number) * (ks[from + j + 2] as number);
      z += (q[j + 3] as number) * (ks[from + j + 3] as number);
    }
    for (let j = whole; j < f; j++) w += (q[j] as number) * (ks[from + j] as number);
    into[key] = (w + x + (y + z)) * scale;
  }
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
