// How much there is to learn in a batch of tokens.
import { IGNORED } from '@peftjs/backend';
import type { TokenBatch } from './causal-lm.ts';

export interface TokenCount {
  readonly targets: number;
  readonly tokens: number;
}

/** For next-token prediction: every label but the first of a row, which nothing predicts, and the ignored ones. */
export function countNextTokens({ labels, attentionMask, shape: [b, t] }: TokenBatch): TokenCount {
  let targets = 0;
  for (let k = 0; labels && k < b * t; k++) if (k % t !== 0 && labels[k] !== IGNORED) targets++;
  return { targets, tokens: attentionMask.reduce((sum, m) => sum + m, 0) };
}
