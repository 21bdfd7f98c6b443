// A storage of few codes: whole multiples of a step.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Storage } from '../src/storage.ts';
import { dense } from '../src/weight.ts';

export const coarse =
  (step: number): Storage =>
  (values, outDim, inDim) => {
    const { variable: _, ...weight } = dense(
      values.map((v) => Math.round(v / step) * step),
      outDim,
      inDim,
    );
    const encode = (t: Tensor) => coarse(step)(t.dataSync() as Float32Array, ...(t.shape as [number, number]));
    return { ...weight, bytes: outDim * inDim, encode };
  };
