// Methods that change a linear layer by scales and low-rank terms say so as data, and forward and merging follow:
// y = out · ((in · x) W' + Σ s · drop(in · x) a' b') + bias.
import { lowRank } from '@peftjs/backend';
import { add, matMul, mul, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';
import { dropout } from './dropout.ts';
import type { Part, PartArgs } from './method.ts';

export interface Term {
  /** [r, i] */
  readonly a: Tensor;
  /** [o, r] */
  readonly b: Tensor;
  readonly scale: number;
}

export interface Affine {
  /** [i], 1 when left out. */
  readonly in?: Tensor;
  /** [o], 1 when left out. */
  readonly out?: Tensor;
  readonly terms?: readonly Term[];
  /** Share of the terms' input that is dropped in training. */
  readonly dropout?: number;
  /** [o], in place of the layer's own. */
  readonly bias?: Tensor;
}

/** A part on linear sites whose forward pass and merge follow from `affine`. */
export function affinePart(
  part: Omit<Part<'linear'>, 'forward' | 'fold'> & { affine(args: PartArgs<'linear'>): Affine },
): Part<'linear'> {
  const { affine, ...rest } = part;
  return {
    ...rest,
    forward({ x, base, site, params, derived, ctx, seed }) {
      const { in: gain, out, terms = [], dropout: rate = 0, bias } = affine({ site, params, derived });
      const input = gain === undefined ? x : mul(x, gain);
      let y = base(input);
      const rebias = site.bias !== null && (out !== undefined || bias !== undefined);
      if (rebias) y = sub(y, site.bias as Tensor);
      if (terms.length > 0) {
        const dropped = ctx.training && rate > 0 ? dropout(input, rate, [ctx.seed, ...seed]) : input;
        const factors = Object.fromEntries(
          terms.flatMap(({ a, b }, k) => [
            [`a${k}`, a],
            [`b${k}`, b],
          ]),
        );
        y = lowRank({ y, x: dropped, ...factors }, { scales: terms.map((t) => t.scale) });
      }
      if (out !== undefined) y = mul(y, out);
      const offset = bias ?? (rebias ? site.bias : null);
      return offset === null ? y : add(y, offset);
    },
    fold({ weight, bias: own, site, params, derived }) {
      const { in: gain, out, terms = [], bias } = affine({ site, params, derived });
      let w = gain === undefined ? weight : mul(weight, gain);
      for (const { a, b, scale } of terms) w = add(w, mul(matMul(b, gain === undefined ? a : mul(a, gain)), scale));
      return { weight: out === undefined ? w : mul(reshape(out, [-1, 1]), w), bias: bias ?? own };
    },
  };
}
