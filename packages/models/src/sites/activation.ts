// The functions between the two halves of a feed-forward layer, by their names in configurations.
import { gelu } from '@peftjs/backend';
import { nearest } from '@peftjs/core';
import { mul, relu, sigmoid, type Tensor } from '@tensorflow/tfjs-core';
import type { RawConfig } from '../read-config.ts';

export type Activation = (x: Tensor) => Tensor;

const byTanh: Activation = (x) => gelu({ x }, { exact: false });

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: (x) => gelu({ x }, { exact: true }),
  gelu_new: byTanh,
  gelu_pytorch_tanh: byTanh,
  relu: (x) => relu(x),
  silu: (x) => mul(x, sigmoid(x)),
};

/** @throws naming what is supported */
export function readActivation(raw: RawConfig, key: string, fallback: string): Activation {
  const name = String(raw[key] ?? fallback);
  const found = ACTIVATIONS[name];
  if (found !== undefined) return found;
  const known = Object.keys(ACTIVATIONS);
  throw new Error(
    `[peftjs/models] config.json: "${key}" is "${name}", which is not supported; supported are ${known.join(', ')}${nearest(name, known)}`,
  );
}
