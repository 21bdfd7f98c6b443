// What is needed of a model and of its data to train it.
import type { Context, Host } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Sequences side by side; `@peftjs/data` makes them. */
export interface Batch {
  /** [b, t] */
  readonly inputIds: Int32Array;
  /** [b, t], 1 for a token and 0 for padding. */
  readonly attentionMask: Int32Array;
  /** [b, t], not shifted; -100 where nothing is to be learned. */
  readonly labels: Int32Array;
  readonly shape: readonly [b: number, t: number];
}

/** The batches of a data set. The same two numbers always give the same batch, so that a run resumes anywhere. */
export interface Batches {
  /** Batches in an epoch. */
  readonly size: number;
  get(epoch: number, index: number): Batch;
}

/** A host with a loss: every causal model of `@peftjs/models`. */
export interface Learner extends Host {
  /** Sum of the cross-entropies of the tokens that count, a scalar. */
  loss(batch: Batch, ctx: Context): Tensor;
}

/** Labels that count: all but the first of a row, which nothing predicts, and the ones that are -100. */
export function countTargets({ labels, shape: [b, t] }: Batch): number {
  let count = 0;
  for (let row = 0; row < b; row++) {
    for (let i = row * t + 1; i < (row + 1) * t; i++) if (labels[i] !== -100) count++;
  }
  return count;
}
