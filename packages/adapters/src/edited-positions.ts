// Which positions a representation is edited at: the first and the last of each row's tokens.
import type { Context } from '@peftjs/core';
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';

export interface Positions {
  readonly first: number;
  readonly last: number;
}

/**
 * For a stream [b, t, d] a mask [b t, 1], 1 where a row is edited; null where nothing is, as in what follows a key-value
 * cache. Positions that a prompt has put in front of the tokens, and padding, do not count. Where the host reads no tokens,
 * all positions count.
 */
export function editedPositions(
  { tokens }: Context,
  shape: readonly number[],
  { first, last }: Positions,
): Tensor | null {
  if (tokens && tokens.past > 0) return null;
  const [b, t] = shape as readonly [number, number];
  const s = tokens?.shape[1] ?? t;
  const edited = new Float32Array(b * t);
  for (let row = 0; row < b; row++) {
    const real = [...Array(s).keys()].filter((k) => tokens === undefined || tokens.mask[row * s + k] !== 0);
    for (const [n, k] of real.entries()) {
      if (n < first || n >= real.length - last) edited[row * t + (t - s) + k] = 1;
    }
  }
  return tensor2d(edited, [b * t, 1]);
}
