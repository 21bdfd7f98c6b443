// How much there is to learn in a batch of tokens.
import { IGNORED } from '@peftjs/backend';
import { type Route, virtualTokens } from '@peftjs/core';
import type { BatchCount } from '../model.ts';
import { routeOf } from './route-of.ts';
import type { ClassBatch, TokenBatch, TokenInput } from './token-input.ts';

function tokensIn({ attentionMask }: TokenInput): number {
  return attentionMask.reduce((sum, m) => sum + m, 0);
}

/**
 * For next-token prediction: every label but the ignored ones and the first of a row, which nothing predicts but a prompt
 * in front of it.
 *
 * @param routes of the rows, or one for all
 */
export function countNextTokens(batch: TokenBatch, routes: Route | readonly Route[]): BatchCount {
  const { labels, shape } = batch;
  const [b, t] = shape;
  const first = Array.from({ length: b }, (_, row) => virtualTokens(routeOf(routes, row)) > 0);
  let targets = 0;
  for (let k = 0; labels && k < b * t; k++) if ((first[k / t] ?? true) && labels[k] !== IGNORED) targets++;
  return { targets, tokens: tokensIn(batch) };
}

/** Every label that is not ignored. */
export function countLabels(batch: TokenBatch | ClassBatch): BatchCount {
  const targets = batch.labels?.reduce((sum, label) => (label === IGNORED ? sum : sum + 1), 0) ?? 0;
  return { targets, tokens: tokensIn(batch) };
}
