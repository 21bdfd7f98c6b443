// Methods that change a linear layer by scales and low-rank terms say so as data, and forward and merging follow:
// y = out · ((in · x) W' + Σ s · drop(in · x) a' b') + bias.
import { type LowRankInputs, lowRank } from '@peftjs/backend';
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
  readonly in?: Tensor | undefined;
  /** [o], 1 when left out. */
  readonly out?: Tensor | undefined;
  readonly terms?: readonly Term[];
  /** Share of the terms' input that is dropped in training. */
  readonly dropout?: number;
  /** [o], in place of the layer's own. */
  readonly bias?: Tensor | undefined;
}

/** A part on linear sites whose forward pass and merge follow from `affine`. */
export function affinePart(
  part: Omit<Part<'linear'>, 'forward' | 'fold'> & { affine(args: PartArgs<'linear'>): Affine },
): Part<'linear'> {
  const { affine, ...rest } = part;
  return {
    ...rest,
    forward(args) {
      const { x, base, site, ctx, seed } = args;
      const { in: gain, out, terms = [], dropout: rate = 0, bias } = affine(args);
      const input = gain ? mul(x, gain) : x;
      let y = base(input);
      const own = out || bias ? site.bias : null;
      if (own) y = sub(y, own);
      if (terms.length) {
        const dropped = ctx.training && rate > 0 ? dropout(input, rate, [ctx.seed, ...seed]) : input;
        const inputs: Record<string, Tensor> & LowRankInputs = { y, x: dropped };
        for (const [k, { a, b }] of terms.entries()) Object.assign(inputs, { [`a${k}`]: a, [`b${k}`]: b });
        y = lowRank(inputs, { scales: terms.map((t) => t.scale) });
      }
      if (out) y = mul(y, out);
      const offset = bias ?? own;
      return offset ? add(y, offset) : y;
    },
    fold(args) {
      const { in: gain, out, terms = [], bias } = affine(args);
      let w = args.weight;
      for (const { a, b, scale } of terms) w = add(w, mul(matMul(b, a), scale));
      if (gain) w = mul(w, gain);
      if (out) w = mul(w, reshape(out, [-1, 1]));
      return { weight: w, bias: bias ?? args.bias };
    },
  };
}
