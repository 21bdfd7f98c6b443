// An optimizer: two pure functions of one parameter. State is data, so it is saved and resumed without knowing whose it is.
import { engine } from '@peftjs/backend';
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
  /**
   * Whether each number is updated for itself, with slots of the parameter's shape: parameters of one learning rate then come
   * joined, as one of shape [n]. Not where rows, columns or norms of a matrix count.
   */
  readonly elementwise?: boolean;
  /** The slots of a parameter of this shape before the first step. */
  slots(shape: readonly number[]): Slots;
  update(args: UpdateArgs): { readonly value: Tensor; readonly slots: Slots };
}

/** Makes slots outlive the scope that they are made in. */
export function keepSlots(slots: Slots): Slots {
  for (const tensor of Object.values(slots)) engine().keep(tensor);
  return slots;
}
