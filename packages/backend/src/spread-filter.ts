// A filter with gaps (a dilated or atrous convolution) as a larger one that has zeros where the gaps are.
import { pad, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';

export type Gaps = readonly [height: number, width: number];

/** `dilations` as tfjs gives it to kernels and gradients; [1, 1] where there are no gaps. */
export function gapsOf(dilations: unknown): Gaps {
  const given = dilations as number | Gaps | undefined;
  return typeof given === 'number' ? [given, given] : (given ?? [1, 1]);
}

/** [h, w, ...] to [(h - 1) a + 1, (w - 1) b + 1, ...], with zeros between. */
export function spreadFilter(filter: Tensor, [a, b]: Gaps): Tensor {
  const [h, w, ...rest] = filter.shape as [number, number, ...number[]];
  const apart = pad(reshape(filter, [h, 1, w, 1, -1]), [
    [0, 0],
    [0, a - 1],
    [0, 0],
    [0, b - 1],
    [0, 0],
  ]);
  const end = [(h - 1) * a + 1, (w - 1) * b + 1, ...rest];
  return slice(reshape(apart, [h * a, w * b, ...rest]), [0, 0, 0, 0], end);
}
