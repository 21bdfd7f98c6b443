// Storages of few codes: whole multiples of a step.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Storage } from '../src/storage.ts';
import { dense } from '../src/weight.ts';

function rounding(round: (row: Float32Array) => Float32Array): Storage {
  const storage: Storage = (values, outDim, inDim) => {
    const rows = Array.from({ length: outDim }, (_, o) => [...round(values.slice(o * inDim, (o + 1) * inDim))]);
    const { variable: _, ...weight } = dense(Float32Array.from(rows.flat()), outDim, inDim);
    const encode = (t: Tensor) => storage(t.dataSync<'float32'>(), ...(t.shape as [number, number]));
    return { ...weight, bytes: outDim * inDim, encode };
  };
  return storage;
}

const toMultiples = (step: number) => (row: Float32Array) => row.map((v) => Math.round(v / step) * step);

/** Multiples of one step everywhere. */
export const coarse = (step: number): Storage => rounding(toMultiples(step));

/** In each row multiples of a step of its own, up to `highest` of it. */
export const coarseRows = (highest: number): Storage =>
  rounding((row) => toMultiples(Math.max(...row.map(Math.abs)) / highest)(row));
