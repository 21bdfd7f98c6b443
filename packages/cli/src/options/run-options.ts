// How a run trains: the options, and what they are to the library.
import type { TokenBatch } from '@peftjs/models';
import { adamw, adamw8bit, constant, cosine, linear, type Schedule, type TrainOptions } from '@peftjs/train';
import { given } from '../given.ts';
import { choice, flag, integer, number, type Option, orElse } from '../option.ts';

export interface RunValues {
  readonly steps: number | undefined;
  readonly epochs: number;
  readonly 'learning-rate': number;
  readonly schedule: 'linear' | 'cosine' | 'constant';
  readonly warmup: number;
  readonly 'weight-decay': number;
  readonly optimizer: 'adamw' | 'adamw8bit';
  readonly accumulate: number;
  readonly clip: number;
  readonly seed: number;
  readonly 'eval-every': number | undefined;
  readonly patience: number | undefined;
  readonly 'save-every': number;
  readonly recompute: boolean;
}

export const runOptions: { readonly [K in keyof RunValues]: Option<RunValues[K]> } = {
  epochs: orElse(integer('N', 'passes over the data', { min: 1 }), 1),
  steps: integer('N', 'end after this many steps, whatever --epochs says', { min: 1 }),
  'learning-rate': orElse(number('RATE', 'highest learning rate', { above: 0 }), 2e-4),
  schedule: orElse(choice(['linear', 'cosine', 'constant'], 'how the learning rate falls'), 'linear'),
  warmup: orElse(number('STEPS', 'steps in which it rises; below 1, a share of the run', { min: 0 }), 0.03),
  'weight-decay': orElse(number('SHARE', "AdamW's weight decay", { min: 0 }), 0.01),
  optimizer: orElse(choice(['adamw', 'adamw8bit'], 'adamw8bit keeps its state in 8 bits'), 'adamw'),
  accumulate: orElse(integer('N', 'batches that make one step', { min: 1 }), 1),
  clip: orElse(number('NORM', "the most that the gradients' norm may be", { above: 0 }), 1),
  seed: orElse(integer('N', 'decides the order of the data, the first values, dropout and samples'), 0),
  'eval-every': integer('STEPS', 'steps between two evaluations; first and last step only when left out', { min: 1 }),
  patience: integer('N', 'end when so many evaluations in a row are no better', { min: 1 }),
  'save-every': orElse(integer('STEPS', 'steps between two saves of the run', { min: 1 }), 100),
  recompute: flag("compute each block's activations again instead of keeping them: less memory, more time"),
};

const optimizers = { adamw, adamw8bit };

/** @param batches of an epoch */
export function totalSteps({ steps, epochs, accumulate }: RunValues, batches: number): number {
  return steps ?? epochs * Math.ceil(batches / accumulate);
}

export function trainOptions(values: RunValues): TrainOptions<TokenBatch> {
  const { epochs, accumulate, clip, seed, warmup } = values;
  const schedules: Readonly<Record<RunValues['schedule'], Schedule>> = {
    linear: linear({ warmup }),
    cosine: cosine({ warmup }),
    constant,
  };
  return {
    learningRate: values['learning-rate'],
    epochs,
    accumulate,
    clip,
    seed,
    schedule: schedules[values.schedule],
    optimizer: optimizers[values.optimizer]({ weightDecay: values['weight-decay'] }),
    saveEvery: values['save-every'],
    ...given({ steps: values.steps }),
  };
}
