// Knowledge distillation (Hinton et al., arXiv 1503.02531): a model learns what another one says, and not what a text says.
import { engine, untaped } from '@peftjs/backend';
import type { Context } from '@peftjs/core';
import { exp, logSoftmax, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Learner, Objective } from './learner.ts';

/** A model that gives logits, of tokens or of classes in the last dimension. */
export interface LogitModel<B> extends Learner<B> {
  logits(batch: B, ctx?: Context): Tensor;
}

/**
 * An objective: how far a model's probabilities are from those that a teacher gives, as the Kullback-Leibler divergence in nats. All
 * positions of a batch count alike, whatever their labels are.
 *
 * @param teach the teacher's logits, of the same shape
 * @example
 * const objective = taught(model, (batch) => teacher.logits(batch));
 * for await (const event of train(model, batches, { learningRate: 1e-4, objective })) console.log(event.type);
 */
export function taught<B>(model: LogitModel<B>, teach: (batch: B) => Tensor): Objective<B> {
  return {
    // The loss is a mean already.
    count: (batch) => ({ ...model.count(batch), targets: 1 }),
    loss: (batch, ctx) =>
      engine().tidy(() => {
        const wanted = untaped(() => logSoftmax(teach(batch)));
        const positions = wanted.size / (wanted.shape.at(-1) as number);
        return mul(sum(mul(exp(wanted), sub(wanted, logSoftmax(model.logits(batch, ctx))))), 1 / positions);
      }),
  };
}
