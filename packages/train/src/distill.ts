// Training of factors, which are 1 at the start, until a model says what its teacher says: scales of few bits, or of a delta's signs.
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { adamw } from './adamw.ts';
import type { Batches } from './learner.ts';
import { cosine } from './schedules.ts';
import { type LogitModel, taught } from './taught.ts';
import { train } from './train.ts';
import type { StepEvent } from './train-event.ts';

export interface DistillFactorsOptions {
  readonly steps: number;
  /** As a share of a factor; it falls to 0. */
  readonly learningRate: number;
  /** Batches of one step; 1 when left out. */
  readonly accumulate?: number | undefined;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Nothing decays and no gradient is clipped. What is there when it throws is for the caller to put back.
 *
 * @param teach the teacher's logits
 * @throws as `train` does
 */
export async function distillFactors<B>(
  model: LogitModel<B>,
  teach: (batch: B) => Tensor,
  batches: Batches<B>,
  factors: readonly Variable[],
  { steps, learningRate, accumulate = 1, onStep, signal }: DistillFactorsOptions,
): Promise<void> {
  const parameters = factors.map((variable, k) => ({ key: `${k}`, variable, trainable: true, saved: false }));
  const training = {
    trainable: { parameters },
    objective: taught(model, teach),
    optimizer: adamw({ weightDecay: 0 }),
    schedule: cosine({ warmup: 0.1 }),
    epochs: Math.ceil((steps * accumulate) / batches.size),
    clip: Number.POSITIVE_INFINITY,
    ...{ learningRate, steps, accumulate, ...(signal && { signal }) },
  };
  for await (const event of train(model, batches, training)) if (event.type === 'step') onStep?.(event);
}
