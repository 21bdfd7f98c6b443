// Runs a classifier over labeled batches and collects what it predicts.
import { nextTurn } from '@peftjs/backend';
import type { Context } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A model that scores classes. */
export interface Classifier<B> {
  /** [b, c] */
  logits(batch: B, ctx: Context): Tensor;
}

export interface LabeledBatch {
  /** [b], the class of each row. */
  readonly labels: Int32Array;
}

export interface LabeledBatches<B> {
  /** Batches in an epoch. */
  readonly size: number;
  get(epoch: number, index: number): B;
}

/** Classes side by side, for the metrics. */
export interface Predictions {
  readonly actual: Int32Array;
  readonly predicted: Int32Array;
}

/**
 * The class with the highest logit for every row of epoch 0, dropout off.
 *
 * @throws where the logits are not [b, c], one is no number, or the signal aborts (its reason)
 */
export async function classify<B extends LabeledBatch>(
  model: Classifier<NoInfer<B>>,
  batches: LabeledBatches<B>,
  { signal, routes }: { readonly signal?: AbortSignal; readonly routes?: Context['routes'] } = {},
): Promise<Predictions> {
  const ctx: Context = { training: false, seed: 0, ...(routes === undefined ? {} : { routes }) };
  const actual: number[] = [];
  const predicted: number[] = [];
  for (let index = 0; index < batches.size; index++) {
    await nextTurn();
    signal?.throwIfAborted();
    const batch = batches.get(0, index);
    const logits = model.logits(batch, ctx);
    const [b, classes] = logits.shape;
    const values = await logits.data();
    logits.dispose();
    if (logits.rank !== 2 || b !== batch.labels.length) {
      throw new Error(
        `[peftjs/evaluate] the logits of ${batch.labels.length} rows are [${logits.shape}], not [${batch.labels.length}, classes]`,
      );
    }
    actual.push(...batch.labels);
    for (let row = 0; row < b; row++) predicted.push(greatest(values, row * classes!, classes!, index));
  }
  return { actual: Int32Array.from(actual), predicted: Int32Array.from(predicted) };
}

/** Of equal ones the first. */
function greatest(logits: ArrayLike<number>, start: number, classes: number, batch: number): number {
  let best = 0;
  for (let i = 0; i < classes; i++) {
    const logit = logits[start + i]!;
    if (Number.isNaN(logit)) {
      throw new Error(`[peftjs/evaluate] a logit of batch ${batch} is NaN: the model or its adapter is broken`);
    }
    if (logit > logits[start + best]!) best = i;
  }
  return best;
}
