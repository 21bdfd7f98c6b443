// An optimizer: two pure functions of one parameter. State is data, so it is saved and resumed without knowing whose it is.
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors that an optimizer keeps for a parameter, by name. */
export type Slots = Readonly<Record<string, Tensor>>;

export interface UpdateArgs {
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly slots: Slots;
  readonly learningRate: number;
  /** 1 in the first step. */
  readonly step: number;
  /** To be multiplied into the gradient. */
  readonly gradientScale: number;
}

export interface Optimizer {
  readonly name: string;
  /** What it was given; a saved run goes on only with the same. */
  readonly options: Readonly<Record<string, number>>;
  /** The slots of a parameter of this shape before the first step. */
  slots(shape: readonly number[]): Slots;
  update(args: UpdateArgs): { readonly value: Tensor; readonly slots: Slots };
}
