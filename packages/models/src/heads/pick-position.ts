// One position's hidden state a row: the first or the last that is no padding.
import { argMax, cast, matMul, mul, oneHot, range, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** x [b, t, d] at each row's position, int32 [b]; [b, d]. A product, whose gradient every backend has. */
function at(x: Tensor, positions: Tensor): Tensor {
  const [b, t, d] = x.shape as [number, number, number];
  const hot = cast(oneHot(cast(positions, 'int32'), t), 'float32');
  return reshape(matMul(reshape(hot, [b, 1, t]), x), [b, d]);
}

/** @param mask [b, t] */
export function firstToken(x: Tensor, mask: Tensor): Tensor {
  return at(x, argMax(mask, 1));
}

/** @param mask [b, t] */
export function lastToken(x: Tensor, mask: Tensor): Tensor {
  return at(x, argMax(mul(mask, range(1, (mask.shape[1] as number) + 1)), 1));
}
