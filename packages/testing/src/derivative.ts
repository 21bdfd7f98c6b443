// A gradient against the central difference of the loss along a random direction of all the parameters at once.
import { normal, random, valueAndGrads } from '@peftjs/backend';
import { type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { TOLERANCES } from './tolerances.ts';

/** Fails where the gradients of `loss` for the variables do not lead where the loss goes. */
export function expectDerivativeOf(loss: () => Tensor, variables: readonly Variable[]): void {
  const next = random(17);
  const directions = variables.map((v) => normal(next, v.size, 1));
  const start = variables.map((v) => v.dataSync().slice() as Float32Array);
  const at = (step: number): number => {
    let value = 0;
    tidy(() => {
      for (const [i, v] of variables.entries()) {
        const direction = directions[i] as Float32Array;
        const values = (start[i] as Float32Array).map((x, k) => x + step * (direction[k] as number));
        v.assign(tensor(values, v.shape));
      }
      value = loss().dataSync()[0] as number;
    });
    return value;
  };
  const parts: number[] = [];
  tidy(() => {
    for (const [i, d] of valueAndGrads(loss, variables).grads.entries()) {
      const direction = directions[i] as Float32Array;
      for (const [k, value] of ((d as Tensor).dataSync() as Float32Array).entries()) {
        parts.push(value * (direction[k] as number));
      }
    }
  });
  const step = 1 / 512;
  const want = (at(step) - at(-step)) / (2 * step);
  at(0);
  const got = parts.reduce((p, q) => p + q, 0);
  const size = Math.hypot(...parts) + 1;
  expect(Math.abs(got - want) / size, 'error of the gradients along a direction').toBeLessThanOrEqual(
    TOLERANCES.finiteDifference,
  );
}
