// Something that is done after each step: two functions, as an optimizer is. Its state is data, so it is saved and resumed.
import type { Parameter } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Slots } from './optimizer.ts';

export interface AfterStepArgs {
  /** As the optimizer has left them. What is changed is changed with `assign`. */
  readonly parameters: readonly Parameter[];
  /** One a parameter, of the mean loss, before clipping. */
  readonly gradients: readonly Tensor[];
  readonly slots: Slots;
  /** 1 after the first step. */
  readonly step: number;
  readonly steps: number;
}

export interface AfterStep {
  readonly name: string;
  /** What it was given; a saved run goes on only with the same. */
  readonly options: Readonly<Record<string, number>>;
  /** What it keeps, before the first step. */
  slots(parameters: readonly Parameter[]): Slots;
  /** What it keeps from here on: every slot anew, none of the old ones. */
  update(args: AfterStepArgs): Slots;
}
