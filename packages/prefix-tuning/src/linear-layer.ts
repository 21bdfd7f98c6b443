// A linear layer of an encoder, as torch has it: x W' + b with W [o, i]; both start uniform within 1 / sqrt(i).
import { type Random, uniform } from '@peftjs/backend';
import type { ParamSpec, ParamSpecs, Tensors } from '@peftjs/core';
import { add, matMul, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** A parameter of an encoder: in no file, as the prompt that it makes stands there. */
export function encoderSpec(name: string, shape: readonly number[], init: ParamSpec['init']): ParamSpecs {
  return { [name]: { file: `prompt_encoder.${name}`, shape, init, saved: false } };
}

/** Numbers uniform within 1 / sqrt(n). */
export function within(n: number) {
  const bound = 1 / Math.sqrt(n);
  return (shape: readonly number[], next: Random): Tensor => {
    const size = shape.reduce((product, d) => product * d, 1);
    return tensor(uniform(next, size, -bound, bound), [...shape]);
  };
}

export function linearSpecs(name: string, o: number, i: number, init: ParamSpec['init'] = within(i)): ParamSpecs {
  return { ...encoderSpec(`${name}.weight`, [o, i], init), ...encoderSpec(`${name}.bias`, [o], init) };
}

/** [n, i] to [n, o] */
export function linear(x: Tensor, params: Tensors, name: string): Tensor {
  return add(matMul(x, params[`${name}.weight`] as Tensor, false, true), params[`${name}.bias`] as Tensor);
}
