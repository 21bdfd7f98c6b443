// A classifier of tokens: a body that reads them, and a linear layer on the hidden state of each.
import { crossEntropy, engine, rowsOf } from '@peftjs/backend';
import type { Context, LinearSite } from '@peftjs/core';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type About, type BatchCount, createModel, INFERENCE, type Model } from '../model.ts';
import { runBody, type TokenBody } from '../token-body.ts';
import { countLabels } from '../tokens/count-tokens.ts';
import type { TokenBatch } from '../tokens/token-input.ts';
import { checkLabels } from './labels.ts';

export interface TokenClassifier extends Model {
  /** The classes' names, in the order of their numbers. */
  readonly labels: readonly string[];
  /** The most tokens it was made for. */
  readonly contextLength: number;
  /** Logits [b, t, c]; prompt methods put theirs in front. */
  logits(batch: TokenBatch, ctx?: Context): Tensor;
  /** Sum of the cross-entropies of the tokens whose label counts, a scalar. Labels are not shifted. */
  loss(batch: TokenBatch, ctx?: Context): Tensor;
  /** Labels that count, and tokens. */
  count(batch: TokenBatch): BatchCount;
}

export function tokenClassifier(
  body: TokenBody,
  head: LinearSite,
  labels: readonly string[],
  about: About,
): TokenClassifier {
  const { linear } = body.runner;
  const model: TokenClassifier = {
    ...createModel(body, [head], 'TOKEN_CLS', about),
    labels,
    contextLength: body.contextLength,
    logits: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, ctx } = runBody(body, model, batch, outer);
        return linear(head, x, ctx);
      }),
    loss: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        checkLabels(batch.labels, labels.length);
        const { x, sequence, ctx } = runBody(body, model, batch, outer, { labels: batch.labels });
        if (sequence.labels === undefined)
          throw new Error('[peftjs/models] the batch has no labels; give one a token, -100 where none counts');
        return crossEntropy({ logits: rowsOf(linear(head, x, ctx)), labels: reshape(sequence.labels, [-1]) }, {});
      }),
    count: countLabels,
  };
  return model;
}
