// A classifier of texts: a body that reads tokens, one hidden state of each row, and a linear layer on it.
import { crossEntropy, engine } from '@peftjs/backend';
import type { Context, LinearSite, Sequence } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type About, type BatchCount, createModel, INFERENCE, type Model } from '../model.ts';
import { runBody, type TokenBody } from '../token-body.ts';
import { countLabels } from '../tokens/count-tokens.ts';
import type { ClassBatch } from '../tokens/token-input.ts';
import { labelTensor } from './labels.ts';

export interface SequenceClassifier extends Model {
  /** The classes' names, in the order of their numbers. */
  readonly labels: readonly string[];
  /** The most tokens it was made for. */
  readonly contextLength: number;
  /** Logits [b, c]. */
  logits(batch: ClassBatch, ctx?: Context): Tensor;
  /** Sum of the rows' cross-entropies, a scalar. */
  loss(batch: ClassBatch, ctx?: Context): Tensor;
  /** Rows with a label, and tokens. */
  count(batch: ClassBatch): BatchCount;
}

export interface SequenceHead {
  readonly labels: readonly string[];
  /** The linear layers of the head, the last to the classes. */
  readonly sites: readonly [...LinearSite[], LinearSite];
  /** What the last layer reads of the hidden states [b, t, d]: [b, d]. */
  pool(x: Tensor, sequence: Sequence, ctx: Context): Tensor;
}

export function sequenceClassifier(
  body: TokenBody,
  { labels, sites, pool }: SequenceHead,
  about: About,
): SequenceClassifier {
  const run = (batch: ClassBatch, outer: Context): Tensor => {
    const { x, sequence, ctx } = runBody(body, model, batch, outer);
    return body.runner.linear(sites.at(-1) as LinearSite, pool(x, sequence, ctx), ctx);
  };
  const model: SequenceClassifier = {
    ...createModel(body, sites, 'SEQ_CLS', about),
    labels,
    contextLength: body.contextLength,
    logits: (batch, ctx = INFERENCE) => engine().tidy(() => run(batch, ctx)),
    loss: (batch, ctx = INFERENCE) =>
      engine().tidy(() => {
        const classes = labelTensor(batch.labels, batch.shape[0], labels.length);
        return crossEntropy({ logits: run(batch, ctx), labels: classes }, {});
      }),
    count: countLabels,
  };
  return model;
}
