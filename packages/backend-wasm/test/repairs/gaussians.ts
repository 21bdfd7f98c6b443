import { normal, random } from '@peftjs/backend';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Makes tensors of standard normal values, other ones each time. */
export function gaussians(seed: number): (...shape: readonly number[]) => Tensor {
  let made = 0;
  return (...shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensor(normal(random(seed, made++), size, 1), [...shape]);
  };
}
