// What a training run can be told.
import type { Parameter, Trainable } from '@peftjs/core';
import type { AfterStep } from './after-step.ts';
import type { Batches, Objective } from './learner.ts';
import type { Optimizer } from './optimizer.ts';
import type { Schedule } from './schedules.ts';
import type { StateStore } from './train-state.ts';

export interface TrainOptions<B> {
  /** What is trained; the active adapters of the model when left out. A model's own `parameters()` trains it whole. */
  readonly trainable?: Trainable;
  readonly learningRate: number;
  /** What is learned, in the place of the model's own loss (`taught`). Evaluations are by the model's own. */
  readonly objective?: Objective<B>;
  /** The learning rate of each parameter counts so many times, 1 when left out (LoRA+). */
  readonly rates?: (parameter: Parameter) => number;
  /** What is done to the parameters after each step (AdaLoRA's budget). */
  readonly after?: readonly AfterStep[];
  /** Passes over the data; 1 when left out. */
  readonly epochs?: number;
  /** Ends the run after this many steps, before or after the epochs have. */
  readonly steps?: number;
  /** `adamw()` when left out. */
  readonly optimizer?: Optimizer;
  /** `linear()` with a warm-up of 3 % when left out. */
  readonly schedule?: Schedule;
  /** Batches whose gradients make up one step, the same as one batch of all their rows; 1 when left out. */
  readonly accumulate?: number;
  /** The most that the gradients' joint norm may be; 1 when left out, Infinity for no bound. */
  readonly clip?: number;
  /** Seeds dropout; 0 when left out. */
  readonly seed?: number;
  readonly evaluate?: EvaluateOptions<B>;
  /** Where the run is saved, so that it can go on where it stopped; it does, when there is a state in it. */
  readonly store?: StateStore;
  /** Steps between two saves; 100 when left out. The last step is always saved. */
  readonly saveEvery?: number;
  readonly signal?: AbortSignal;
}

export interface EvaluateOptions<B> {
  readonly batches: Batches<B>;
  /** Steps between two evaluations; only before the first step and after the last when left out. */
  readonly every?: number;
  /** Ends the run when this many evaluations in a row have not improved on the best. */
  readonly patience?: number;
}
