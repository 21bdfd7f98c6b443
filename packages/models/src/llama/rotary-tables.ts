// Cosines and sines of every position's angles.
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';

/** [positions, f / 2] each. */
export function rotaryTables(
  frequencies: Float64Array,
  positions: number,
): { readonly cos: Tensor; readonly sin: Tensor } {
  const n = frequencies.length;
  const table = (f: (angle: number) => number) =>
    tensor2d(
      Float32Array.from({ length: positions * n }, (_, i) => f(Math.floor(i / n) * (frequencies[i % n] as number))),
      [positions, n],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
