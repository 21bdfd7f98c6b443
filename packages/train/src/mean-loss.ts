// The mean loss over a data set, without training.
import { nextTurn } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Batches, Objective } from './learner.ts';

/**
 * Mean loss over the targets that count (cross-entropy in nats for the models here), dropout off, no method's penalty in it.
 *
 * @throws when no token counts, or the loss is not finite
 */
export async function meanLoss<B>(model: Objective<B>, batches: Batches<B>, signal?: AbortSignal): Promise<number> {
  let total = 0;
  let count = 0;
  for (let i = 0; i < batches.size; i++) {
    await nextTurn();
    signal?.throwIfAborted();
    const batch = batches.get(0, i);
    const loss: Tensor = model.loss(batch, { training: false, seed: 0 });
    total += (await loss.data())[0] as number;
    count += model.count(batch).targets;
    loss.dispose();
  }
  if (count === 0)
    throw new Error('[peftjs/train] no target of the evaluation data counts; give texts of at least two tokens');
  const mean = total / count;
  if (!Number.isFinite(mean)) throw new Error(`[peftjs/train] the evaluation loss is ${mean}; lower the learning rate`);
  return mean;
}
