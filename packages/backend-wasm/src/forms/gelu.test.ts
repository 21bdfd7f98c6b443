// The exact form of Gelu, value by value: the suite measures errors beside the largest value, which says nothing of the tails.
import { gelu, useBackend } from '@peftjs/backend';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { wasm } from '../wasm.ts';

/** x and x P(X < x) for a standard normal X, by mpmath to 40 digits. */
const EXACT: readonly (readonly [number, number])[] = [
  [-12.5, -4.6657053736e-35],
  [-11.3125, -6.43681559396e-29],
  [-10.0625, -4.07113591294e-23],
  [-8.75, -9.33418270354e-18],
  [-7.5625, -1.49508779453e-13],
  [-6.375, -5.83194408455e-10],
  [-5.1875, -5.52821306436e-7],
  [-4.0625, -9.86170812928e-5],
  [-3.3125, -0.0015314702125],
  [-2.6875, -0.00967353561998],
  [-2.125, -0.035685776203],
  [-1.5625, -0.0923205045823],
  [-1.0625, -0.15300465269],
  [-0.6875, -0.169045147136],
  [-0.3125, -0.117915712978],
  [-0.0625, -0.0296926456857],
  [0.1875, 0.107693566529],
  [0.8125, 0.643294930453],
  [1.6875, 1.61029075788],
  [3.0625, 3.05913896022],
  [4.75, 4.74999516885],
];

it('Gelu keeps its digits in the tails', async () => {
  await useBackend(wasm({ threads: 1 }));
  tidy(() => {
    const got = gelu({ x: tensor(EXACT.map(([x]) => x)) }, { exact: true }).dataSync();
    for (const [i, [x, want]] of EXACT.entries()) {
      expect(Math.abs((got[i] as number) / want - 1), `relative error at ${x}`).toBeLessThan(5e-7);
    }
    const ends = gelu({ x: tensor([Number.POSITIVE_INFINITY, -20, Number.NaN]) }, { exact: true }).dataSync();
    expect([...ends]).toEqual([Number.POSITIVE_INFINITY, -0, Number.NaN]);
  });
});
