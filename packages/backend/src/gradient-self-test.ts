// A gradient whose value is known, computed at start: some devices return zeros for every gradient without an error.
import { matMul, square, sum, tensor2d } from '@tensorflow/tfjs-core';
import type { Obstacle } from './backend.ts';
import { valueAndGrads } from './backward.ts';

/**
 * Computes the gradient of |x W|² for x, which is 2 x W W', on the active backend.
 * @returns what is wrong, or null
 */
export async function gradientSelfTest(): Promise<Obstacle> {
  const x = tensor2d([1, 2], [1, 2]);
  const w = tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  const expected = [9, 12, 15].reduce<[number, number]>(
    ([p, q], y, j) => [p + 2 * y * (j + 1), q + 2 * y * (j + 4)],
    [0, 0],
  );
  try {
    const { value, grads } = valueAndGrads(() => sum(square(matMul(x, w))), [x]);
    const [d] = grads;
    if (d == null) return 'its gradient self-test gave no gradient';
    const got = await d.data();
    value.dispose();
    d.dispose();
    const right = expected.every((e, i) => Math.abs((got[i] as number) - e) <= 1e-3 * e);
    return right ? null : `its gradient self-test gave [${[...got]}] where [${expected}] is right`;
  } finally {
    x.dispose();
    w.dispose();
  }
}
