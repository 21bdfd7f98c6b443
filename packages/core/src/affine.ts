// Methods that change a layer by scales and low-rank terms say so as data, and forward and merging follow:
// y = out · ((in · x) W' + Σ s · drop(in · x) a' b') + bias; a table's rows and a convolution's windows are its x.
import { type LowRankInputs, lookup, lowRank, rowsOf } from '@peftjs/backend';
import { add, matMul, mul, reshape, sub, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { dropout } from './dropout.ts';
import type { Forward, Part, PartArgs } from './method.ts';

type AffineKind = 'linear' | 'conv' | 'embedding';

export interface Term {
  /** [r, i]; on a table [r, v], on a convolution [r, i, kh, kw]. */
  readonly a: Tensor;
  /** [o, r]; on a convolution [o, r, 1, 1]. */
  readonly b: Tensor;
  readonly scale: number;
}

export interface Affine {
  /** [i], 1 when left out; on linear layers alone. */
  readonly in?: Tensor | undefined;
  /** [o], 1 when left out. */
  readonly out?: Tensor | undefined;
  readonly terms?: readonly Term[];
  /** Share of the terms' input that is dropped in training; of a table's nothing is. */
  readonly dropout?: number;
  /** [o], in place of the layer's own. */
  readonly bias?: Tensor | undefined;
}

/** A parameter as a matrix of its first dimension. */
const flat = (t: Tensor): Tensor => reshape(t, [t.shape[0] as number, -1]);

function addTerms(y: Tensor, x: Tensor, terms: readonly Term[], { site }: PartArgs<AffineKind>): Tensor {
  if (site.kind === 'linear') {
    const inputs: Record<string, Tensor> = { y, x };
    for (const [k, { a, b }] of terms.entries()) {
      inputs[`a${k}`] = a;
      inputs[`b${k}`] = b;
    }
    return lowRank(inputs as LowRankInputs, { scales: terms.map((t) => t.scale) });
  }
  return terms.reduce((sum, { a, b, scale }) => {
    const h = site.kind === 'conv' ? site.convolve(x, transpose(a, [2, 3, 1, 0])) : lookup(transpose(a), x);
    return add(sum, reshape(matMul(rowsOf(mul(h, scale)), flat(b), false, true), y.shape));
  }, y);
}

/** A part less what follows from `affine`. */
export type AffineSpec<K extends AffineKind> = Omit<Part<K>, 'forward' | 'fold' | 'readsBias'> & {
  affine(args: PartArgs<K>): Affine;
};

/** A part on linear, conv or embedding sites whose forward pass and merge follow from `affine`. */
export function affinePart<K extends AffineKind = 'linear'>({ affine, ...rest }: AffineSpec<K>): Part<K> {
  const forward: Forward<K> = (args) => {
    const { x, base, site, ctx, seed } = args;
    const { in: gain, out, terms = [], dropout: rate, bias } = affine(args);
    const input = gain ? mul(x, gain) : x;
    let y = base(input);
    const own = (out || bias) && 'bias' in site ? site.bias : null;
    if (own) y = sub(y, own);
    const dropped = ctx.training && rate && 'bias' in site ? dropout(input, rate, [ctx.seed, ...seed]) : input;
    if (terms.length) y = addTerms(y, dropped, terms, args);
    if (out) y = mul(y, out);
    const offset = bias ?? own;
    return offset ? add(y, offset) : y;
  };
  forward.affine = affine;
  return {
    ...rest,
    forward,
    fold(args) {
      const { in: gain, out, terms = [], bias } = affine(args);
      const table = args.site.kind === 'embedding';
      let w = args.weight;
      for (const { a, b, scale } of terms) {
        const change = mul(matMul(flat(b), flat(a)), scale);
        w = add(w, table ? transpose(change) : change);
      }
      if (gain) w = mul(w, gain);
      if (out) w = mul(w, table ? out : reshape(out, [-1, 1]));
      return { weight: w, bias: bias ?? args.bias };
    },
  };
}
