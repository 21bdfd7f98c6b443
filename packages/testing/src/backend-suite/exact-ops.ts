// The fused ops once more, in double precision and plain loops straight from their equations: what every backend's
// numbers, the references' too, are compared with.
import {
  type AdamwAttrs,
  type AttentionAttrs,
  type FakeQuantizeAttrs,
  type GeluAttrs,
  IGNORED,
  type LayerNormAttrs,
  type LowRankAttrs,
  type LowRankRowsAttrs,
  type RmsNormAttrs,
} from '@peftjs/backend';
import { normalBelow } from './normal-below.ts';
import { type Numbers, sizeOf } from './numbers.ts';

/** The value of an op, flat. */
export type Exact<A> = (inputs: Readonly<Record<string, Numbers>>, attrs: A) => Float64Array;

const take = <K extends string>(inputs: Readonly<Record<string, Numbers>>, ..._: readonly K[]) =>
  inputs as Readonly<Record<K, Numbers>>;
const at = (x: Numbers, i: number) => x.values[i] as number;

/** y + Σ s (x A') B', each term in all rows or in those of its own. */
export const exactLowRank: Exact<LowRankAttrs & Partial<LowRankRowsAttrs>> = (inputs, { scales, rows }) => {
  const { y, x } = take(inputs, 'y', 'x');
  const [i, o] = [x.shape.at(-1) as number, y.shape.at(-1) as number];
  return y.values.map((start, at0) => {
    const [row, column] = [Math.floor(at0 / o), at0 % o];
    let sum = start;
    for (const [k, scale] of scales.entries()) {
      const [from, to] = rows?.[k] ?? [0, Infinity];
      if (row < from || row >= to) continue;
      const [a, b] = [inputs[`a${k}`] as Numbers, inputs[`b${k}`] as Numbers];
      const r = a.shape[0] as number;
      for (let p = 0; p < r; p++) {
        let dot = 0;
        for (let q = 0; q < i; q++) dot += at(x, row * i + q) * at(a, p * i + q);
        sum += scale * dot * at(b, column * r + p);
      }
    }
    return sum;
  });
};

/** softmax(scale q k' + mask) v. A row sees the keys that fewest rules hide: all of them padding, it gets their mean. */
export const exactAttention: Exact<AttentionAttrs> = (inputs, { causal, scale }) => {
  const { q, k, v, mask } = take(inputs, 'q', 'k', 'v', 'mask');
  const [b, t, h, f] = q.shape as [number, number, number, number];
  const [, s, g] = k.shape as [number, number, number];
  const out = new Float64Array(b * t * h * f);
  for (let n = 0; n < b * t * h; n++) {
    const [row, head] = [Math.floor(n / h), n % h];
    const [entry, query] = [Math.floor(row / t), row % t];
    const hidden = (key: number) => Number(at(mask, entry * s + key) === 0) + Number(causal && key > query + s - t);
    const keys = Array.from({ length: s }, (_, key) => key);
    const least = Math.min(...keys.map(hidden));
    const seen = keys.filter((key) => hidden(key) === least);
    const start = (key: number) => ((entry * s + key) * g + Math.floor(head / (h / g))) * f;
    const scores = seen.map((key) => {
      let dot = 0;
      for (let j = 0; j < f; j++) dot += at(q, n * f + j) * at(k, start(key) + j);
      return least === 0 ? scale * dot : 0;
    });
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((x, y) => x + y, 0);
    for (const [p, key] of seen.entries()) {
      const share = (weights[p] as number) / total;
      for (let j = 0; j < f; j++) out[n * f + j] = (out[n * f + j] as number) + share * at(v, start(key) + j);
    }
  }
  return out;
};

/** gamma x / sqrt(mean x² + eps) */
export const exactRmsNorm: Exact<RmsNormAttrs> = (inputs, { eps }) => {
  const { x, gamma } = take(inputs, 'x', 'gamma');
  const d = gamma.shape[0] as number;
  const inverse = Array.from({ length: x.values.length / d }, (_, row) => {
    const squares = x.values.subarray(row * d, (row + 1) * d).reduce((sum, value) => sum + value * value, 0);
    return 1 / Math.sqrt(squares / d + eps);
  });
  return x.values.map((value, i) => value * (inverse[Math.floor(i / d)] as number) * at(gamma, i % d));
};

/** gamma (x - mean x) / sqrt(var x + eps) + beta */
export const exactLayerNorm: Exact<LayerNormAttrs> = (inputs, { eps }) => {
  const { x, gamma, beta } = take(inputs, 'x', 'gamma', 'beta');
  const d = gamma.shape[0] as number;
  const rows = Array.from({ length: x.values.length / d }, (_, row) => {
    const values = x.values.subarray(row * d, (row + 1) * d);
    const mean = values.reduce((sum, value) => sum + value, 0) / d;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d;
    return { mean, inverse: 1 / Math.sqrt(variance + eps) };
  });
  return x.values.map((value, i) => {
    const { mean, inverse } = rows[Math.floor(i / d)] as { mean: number; inverse: number };
    return (value - mean) * inverse * at(gamma, i % d) + at(beta, i % d);
  });
};

/** x P(X < x), or by tanh */
export const exactGelu: Exact<GeluAttrs> = (inputs, { exact }) =>
  take(inputs, 'x').x.values.map((x) => {
    if (exact) return x * normalBelow(x);
    return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  });

/** The pair (x_j, x_{j+f}) turned by its angle. */
export const exactRope: Exact<object> = (inputs) => {
  const { x, cos, sin } = take(inputs, 'x', 'cos', 'sin');
  const [, t, h, width] = x.shape as [number, number, number, number];
  const f = width / 2;
  return x.values.map((value, i) => {
    const [j, row] = [i % width, Math.floor(i / (width * h))];
    const angle = (cos.shape[0] === 1 ? row % t : row) * f + (j % f);
    const other = at(x, j < f ? i + f : i - f);
    return value * at(cos, angle) + (j < f ? -other : other) * at(sin, angle);
  });
};

/** gate sigmoid(gate) up */
export const exactSwiglu: Exact<object> = (inputs) => {
  const { gate, up } = take(inputs, 'gate', 'up');
  return gate.values.map((value, i) => (value / (1 + Math.exp(-value))) * at(up, i));
};

/** clamp(round(x / s), lo, hi) s */
export const exactFakeQuantize: Exact<FakeQuantizeAttrs> = (inputs, { lo, hi }) => {
  const { x, step } = take(inputs, 'x', 'step');
  const g = x.shape[1] as number;
  return x.values.map((value, i) => {
    const s = at(step, Math.floor(i / g));
    return Math.min(hi, Math.max(lo, Math.round(value / s))) * s;
  });
};

/** Σ -log softmax(logits)[label] over the rows that count */
export const exactCrossEntropy: Exact<object> = (inputs) => {
  const { logits, labels } = take(inputs, 'logits', 'labels');
  const v = logits.shape[1] as number;
  let total = 0;
  for (const [row, label] of labels.values.entries()) {
    if (label === IGNORED) continue;
    const line = logits.values.subarray(row * v, (row + 1) * v);
    const top = line.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY);
    total += top + Math.log(line.reduce((sum, x) => sum + Math.exp(x - top), 0)) - (line[label] as number);
  }
  return Float64Array.of(total);
};

/** table[ids] */
export const exactLookup: Exact<object> = (inputs) => {
  const { table, ids } = take(inputs, 'table', 'ids');
  const d = table.shape[1] as number;
  return new Float64Array(sizeOf(ids.shape) * d).map((_, i) => at(table, at(ids, Math.floor(i / d)) * d + (i % d)));
};

/** The parameter and both means after a step, one after the other. */
export const exactAdamw: Exact<AdamwAttrs> = (inputs, a) => {
  const { p, g, m, v } = take(inputs, 'p', 'g', 'm', 'v');
  const m2 = m.values.map((x, i) => a.beta1 * x + (1 - a.beta1) * at(g, i) * a.gradientScale);
  const v2 = v.values.map((x, i) => a.beta2 * x + (1 - a.beta2) * (at(g, i) * a.gradientScale) ** 2);
  const p2 = p.values.map((x, i) => {
    const mean = (m2[i] as number) / (1 - a.beta1 ** a.step);
    const square = (v2[i] as number) / (1 - a.beta2 ** a.step);
    return x * (1 - a.learningRate * a.weightDecay) - (a.learningRate * mean) / (Math.sqrt(square) + a.eps);
  });
  return Float64Array.of(...p2, ...m2, ...v2);
};
