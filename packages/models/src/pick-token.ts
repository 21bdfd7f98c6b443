// The next token from its logits: the likeliest, or drawn from the likely ones.
import type { Random } from '@peftjs/backend';

export interface SamplingOptions {
  /** 0, or left out: always the likeliest. Otherwise the logits are divided by it. */
  readonly temperature?: number;
  /** Draws among this many of the likeliest. */
  readonly topK?: number;
  /** Draws among the fewest likeliest that together have this probability (Holtzman et al., arXiv 1904.09751). */
  readonly topP?: number;
}

/** @param logits [v] */
export function pickToken(
  logits: Float32Array,
  { temperature = 0, topK, topP }: SamplingOptions,
  next: Random,
): number {
  if (!(temperature >= 0)) throw new Error(`[peftjs/models] the temperature is ${temperature}; give 0 or more`);
  if (topP !== undefined && !(topP > 0 && topP <= 1))
    throw new Error(`[peftjs/models] topP is ${topP}; give a share above 0 and up to 1`);
  if (topK !== undefined && !(topK >= 1)) throw new Error(`[peftjs/models] topK is ${topK}; give 1 or more`);
  const best = logits.reduce((at, value, i) => (value > (logits[at] as number) ? i : at), 0);
  if (temperature === 0) return best;
  const top = logits[best] as number;
  const weights = logits.map((value) => Math.exp((value - top) / temperature));
  const order = Array.from(weights.keys()).sort((i, j) => (weights[j] as number) - (weights[i] as number) || i - j);
  const total = weights.reduce((sum, w) => sum + w, 0);
  let kept = Math.min(topK ?? order.length, order.length);
  if (topP !== undefined) kept = Math.min(kept, upTo(order, weights, topP * total));
  const likely = order.slice(0, kept);
  return likely[
    upTo(likely, weights, next() * likely.reduce((sum, i) => sum + (weights[i] as number), 0)) - 1
  ] as number;
}

/** How many of these, from the first on, it takes to reach a sum; all, where they do not. */
function upTo(order: readonly number[], weights: Float32Array, wanted: number): number {
  let sum = 0;
  for (const [n, i] of order.entries()) {
    sum += weights[i] as number;
    if (sum >= wanted) return n + 1;
  }
  return order.length;
}
