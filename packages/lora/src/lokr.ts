// LoKr (Yeh et al., arXiv 2309.14859): the change of W [o, i] is s W₁ ⊗ W₂ with W₁ [a, c], W₂ [b, d], a b = o and c d = i;
// W₂ is A₂ B₂ of rank r unless r is half its side or more, W₁ likewise on demand. s = alpha / r in every case.
import { rowsOf } from '@peftjs/backend';
import type { Family, Method, ParamSpec, ParamSpecs, Part, PartArgs, Tensors } from '@peftjs/core';
import { add, matMul, mul, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { kaimingUniform, zero } from './initializers.ts';
import { type LycorisOptions, type LycorisSite, lycoris, readLycoris } from './lycoris.ts';

export interface LokrOptions extends LycorisOptions {
  /** Makes W₁ low-rank, too; false when left out. */
  readonly both?: boolean;
  /** What a layer's sides are divided by for W₁, or where it does not divide them their largest divisor up to it; near their square roots when left out. */
  readonly factor?: number;
  /** Whether the rows that `rankDropout` keeps are scaled up; false when left out. */
  readonly rescale?: boolean;
}

/** A side as a product, as PEFT factors it. */
function factorsOf(side: number, factor: number | undefined): readonly [number, number] {
  if (factor !== undefined && side % factor === 0) return [factor, side / factor];
  let m = Math.floor(Math.min(Math.sqrt(side), factor ?? side));
  while (side % m !== 0) m--;
  return [m, side / m];
}

/** W₁ [a, c] or W₂ [b, d] flat, from its factors where it is low-rank. */
function matrixOf(params: Tensors, name: 'w1' | 'w2'): Tensor {
  const whole = params[name];
  if (whole) return reshape(whole, [whole.shape[0] as number, -1]);
  return matMul(params[`${name}a`] as Tensor, params[`${name}b`] as Tensor);
}

/** W₁ ⊗ W₂, [a b, c d]. */
function kronecker(w1: Tensor, w2: Tensor): Tensor {
  const [[a, c], [b, d]] = [w1.shape, w2.shape] as [[number, number], [number, number]];
  return reshape(mul(reshape(w1, [a, 1, c, 1]), reshape(w2, [1, b, 1, d])), [a * b, c * d]);
}

/** x (W₁ ⊗ W₂)' for rows x [n, c d], without forming it. */
function timesKronecker(x: Tensor, w1: Tensor, w2: Tensor): Tensor {
  const [[a, c], [b, d]] = [w1.shape, w2.shape] as [[number, number], [number, number]];
  const inner = transpose(reshape(matMul(reshape(x, [-1, d]), w2, false, true), [-1, c, b]), [0, 2, 1]);
  const outer = matMul(reshape(inner, [-1, c]), w1, false, true);
  return reshape(transpose(reshape(outer, [-1, b, a]), [0, 2, 1]), [-1, a * b]);
}

/**
 * LoKr on linear layers and convolutions.
 *
 * @throws when an option is out of its range
 * @example
 * attach(model, lokr({ r: 4, targets: ['q_proj', 'v_proj'] }));
 */
export function lokr(options: LokrOptions = {}): Method {
  const { both = false, factor, rescale = false } = options;
  if (factor !== undefined && !(Number.isInteger(factor) && factor > 0)) {
    throw new Error(`[peftjs/lora] factor is ${factor}; give a whole number above 0, or leave it out`);
  }
  const { targets, rankOf, scaleOf, config, dropping } = lycoris(options);
  function params(site: LycorisSite): ParamSpecs {
    const r = rankOf(site);
    const [a, b] = factorsOf(site.outDim, factor);
    const [c, d] = factorsOf(site.inDim, factor);
    const kernel = site.kind === 'conv' ? site.kernel : [];
    const spec = (name: string, shape: readonly number[], init: ParamSpec['init']) => ({
      [name.replace('_', '')]: { file: `lokr_${name}`, shape, init },
    });
    const isLow = (sides: readonly number[]) => r < Math.max(...sides) / 2;
    return {
      ...(both && isLow([a, c])
        ? { ...spec('w1_a', [a, r], zero), ...spec('w1_b', [r, c], kaimingUniform) }
        : spec('w1', [a, c], zero)),
      ...(isLow([b, d])
        ? {
            ...spec('w2_a', [b, r], kaimingUniform),
            ...spec('w2_b', [r, kernel.reduce((n, k) => n * k, d)], kaimingUniform),
          }
        : spec('w2', [b, d, ...kernel], kaimingUniform)),
    };
  }
  const factors = ({ params: p }: PartArgs<LycorisSite['kind']>) => [matrixOf(p, 'w1'), matrixOf(p, 'w2')] as const;
  const fold: NonNullable<Part<LycorisSite['kind']>['fold']> = (args) => ({
    weight: add(args.weight, mul(kronecker(...factors(args)), scaleOf(args.site))),
    bias: args.bias,
  });
  const linear: Part<'linear'> = {
    params,
    fold,
    forward(args) {
      const { x, base, site } = args;
      const y = base(x);
      const change = timesKronecker(rowsOf(x), ...factors(args));
      return add(y, reshape(mul(change, scaleOf(site)), y.shape));
    },
  };
  const conv: Part<'conv'> = {
    params,
    fold,
    forward(args) {
      const { x, base, site } = args;
      const filters = reshape(kronecker(...factors(args)), [site.outDim, site.inDim, ...site.kernel]);
      const change = site.convolve(x, transpose(filters, [2, 3, 1, 0]));
      return add(base(x), mul(change, scaleOf(site)));
    },
  };
  return {
    type: 'LOKR',
    targets,
    on: { linear: dropping(linear, rescale), conv: dropping(conv, rescale) },
    config: (place) => ({
      ...config(place),
      decompose_both: both,
      decompose_factor: factor ?? -1,
      rank_dropout_scale: rescale,
    }),
  };
}

/**
 * What reads LoKr adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readLokr()]);
 */
export function readLokr(): Family {
  return {
    type: 'LOKR',
    read(config) {
      const [options, read] = readLycoris(config, ['decompose_both', 'decompose_factor', 'rank_dropout_scale']);
      const factor = read.number('decompose_factor', -1);
      const method = lokr({
        ...options,
        both: read.flag('decompose_both', false),
        rescale: read.flag('rank_dropout_scale', false),
        ...(factor === -1 ? {} : { factor }),
      });
      return [method, ...read.whole()];
    },
  };
}
