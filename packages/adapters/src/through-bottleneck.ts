// What one bottleneck adds: s (U f(D z + a) + c), with D [r, d], a [r], U [d, r], c [d].
import { rowsOf } from '@peftjs/backend';
import { add, matMul, mul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Activation } from './activation.ts';
import type { Style } from './style.ts';

/** A bottleneck's options, as a folder states them. */
export interface BottleneckShape {
  readonly style: Style;
  readonly activation: Activation;
  readonly scaling: number;
}

export type BottleneckTensors = {
  readonly down: Tensor;
  readonly downBias: Tensor;
  readonly up: Tensor;
  readonly upBias: Tensor;
};

/** What each is called below its branch in files. */
export const BOTTLENECK_FILES: Readonly<Record<keyof BottleneckTensors, string>> = {
  down: 'adapter_down.weight',
  downBias: 'adapter_down.bias',
  up: 'adapter_up.weight',
  upBias: 'adapter_up.bias',
};

/** Their shapes on a branch of width `d`. */
export function bottleneckShapes(r: number, d: number): Readonly<Record<keyof BottleneckTensors, readonly number[]>> {
  return { down: [r, d], downBias: [r], up: [d, r], upBias: [d] };
}

/** z [..., d] to [..., d] */
export function throughBottleneck(
  z: Tensor,
  { down, downBias, up, upBias }: BottleneckTensors,
  { activation, scaling }: BottleneckShape,
): Tensor {
  const narrow = activation.of(add(matMul(rowsOf(z), down, false, true), downBias));
  return reshape(mul(add(matMul(narrow, up, false, true), upBias), scaling), z.shape);
}
