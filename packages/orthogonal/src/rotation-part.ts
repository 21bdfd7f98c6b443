// Methods that turn a layer's input, and so its weight: y = s · ((x R) W') + b with R [i, i] orthogonal and s [o] or 1.
// Merged, W becomes s · (W R'). R itself is never formed.
import { rowsOf } from '@peftjs/backend';
import type { Part, PartArgs } from '@peftjs/core';
import { add, mul, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';

export interface Rotation extends Pick<Part<'linear'>, 'check' | 'params'> {
  /** `rows` [n, i] times R, or with `back` times R'. */
  turn(rows: Tensor, args: PartArgs<'linear'>, back: boolean): Tensor;
  /** s [o, 1], 1 when left out. */
  scale?(args: PartArgs<'linear'>): Tensor;
}

export function rotationPart({ check, params, turn, scale }: Rotation): Part<'linear'> {
  return {
    ...(check && { check }),
    params,
    ...(scale && { readsBias: () => true }),
    forward(args) {
      const { x, base, site } = args;
      const y = base(reshape(turn(rowsOf(x), args, false), x.shape));
      if (scale === undefined) return y;
      const s = reshape(scale(args), [-1]);
      return site.bias === null ? mul(y, s) : add(mul(sub(y, site.bias), s), site.bias);
    },
    fold(args) {
      const turned = turn(args.weight, args, true);
      return { weight: scale === undefined ? turned : mul(turned, scale(args)), bias: args.bias };
    },
  };
}
