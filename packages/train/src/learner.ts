// What is needed of a model and of its data to train it.
import type { Context, Host } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The batches of a data set. The same two numbers always give the same batch, so that a run resumes anywhere. */
export interface Batches<B> {
  /** Batches in an epoch. */
  readonly size: number;
  get(epoch: number, index: number): B;
}

/** How much there is in a batch. */
export interface Count {
  /** Targets that count in the loss: tokens to predict, rows to classify. */
  readonly targets: number;
  /** What speed is measured in: tokens without padding, or rows. */
  readonly tokens: number;
}

/** What is to become small. */
export interface Objective<B> {
  /** Sum of the losses of the targets that count, a scalar. */
  loss(batch: B, ctx: Context): Tensor;
  count(batch: B): Count;
}

/** A host with a loss over batches of some kind: every model of `@peftjs/models`. */
export interface Learner<B> extends Host, Objective<B> {}
