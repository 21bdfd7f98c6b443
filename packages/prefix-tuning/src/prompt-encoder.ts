// What makes the prompt of P-tuning of an embedding of its own. It is trained, and left behind when the prompt is saved.
import type { Json, ParamSpecs, Tensors } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Drops some of a layer's output in training; nothing outside of it. */
export type Drop = (x: Tensor, rate: number, layer: number) => Tensor;

export interface PromptEncoder {
  /** PEFT's keys for it, in a model of d = `dim`. */
  config(dim: number): Readonly<Record<string, Json>>;
  /** Its parameters under the names that torch gives them. */
  specs(dim: number): ParamSpecs;
  /** [T, d] to [T, d] */
  encode(x: Tensor, params: Tensors, drop: Drop): Tensor;
}

/** @throws when a size is no whole number above 0 */
export function checkSizes(sizes: Readonly<Record<string, number | undefined>>): void {
  for (const [name, n] of Object.entries(sizes)) {
    if (n !== undefined && !(Number.isSafeInteger(n) && n > 0))
      throw new Error(`[peftjs/prefix-tuning] ${name} is ${n}; give a whole number above 0`);
  }
}
