// LoHa (Hyeon-Woo et al., arXiv 2108.06098): the change of W [o, i] is s (A₁ B₁) ∘ (A₂ B₂) with A [o, r], B [r, i] and
// s = alpha / r. Its entries are sums over pairs of ranks, so it is one low-rank term of rank r², and is never formed.
import { type AffineSpec, affinePart, type Family, type Method, type ParamSpecs } from '@peftjs/core';
import { mul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { kaimingUniform, zero } from './initializers.ts';
import { type LycorisOptions, type LycorisSite, lycoris, readLycoris } from './lycoris.ts';

export type LohaOptions = LycorisOptions;

/** The products of each pair of rows of x and y [r, n], [r², n]. */
function pairsOfRows(x: Tensor, y: Tensor): Tensor {
  const [r, n] = x.shape as [number, number];
  return reshape(mul(reshape(x, [r, 1, n]), reshape(y, [1, r, n])), [r * r, n]);
}

/** The products of each pair of columns of x and y [n, r], [n, r²]. */
function pairsOfColumns(x: Tensor, y: Tensor): Tensor {
  const [n, r] = x.shape as [number, number];
  return reshape(mul(reshape(x, [n, r, 1]), reshape(y, [n, 1, r])), [n, r * r]);
}

/**
 * LoHa on linear layers and convolutions.
 *
 * @throws when an option is out of its range
 * @example
 * attach(model, loha({ r: 4, targets: ['q_proj', 'v_proj'] }));
 */
export function loha(options: LohaOptions = {}): Method {
  const { targets, rankOf, scaleOf, config, dropping } = lycoris(options);
  const kernelOf = (site: LycorisSite) => (site.kind === 'conv' ? site.kernel : []);
  const spec: AffineSpec<LycorisSite['kind']> = {
    params(site): ParamSpecs {
      const [o, i, r] = [site.outDim, site.weight.inDim, rankOf(site)];
      return {
        a1: { file: 'hada_w1_a', shape: [o, r], init: kaimingUniform },
        b1: { file: 'hada_w1_b', shape: [r, i], init: kaimingUniform },
        a2: { file: 'hada_w2_a', shape: [o, r], init: kaimingUniform },
        b2: { file: 'hada_w2_b', shape: [r, i], init: zero },
      };
    },
    affine({ site, params }) {
      const { a1, b1, a2, b2 } = params as Record<'a1' | 'b1' | 'a2' | 'b2', Tensor>;
      const down = pairsOfRows(b1, b2);
      const kernel = kernelOf(site);
      const a = kernel.length ? reshape(down, [-1, site.inDim, ...kernel]) : down;
      return { terms: [{ a, b: pairsOfColumns(a1, a2), scale: scaleOf(site) }] };
    },
  };
  return {
    type: 'LOHA',
    targets,
    on: {
      linear: dropping(affinePart<'linear'>(spec as AffineSpec<'linear'>), true),
      conv: dropping(affinePart<'conv'>(spec as AffineSpec<'conv'>), true),
    },
    config,
  };
}

/**
 * What reads LoHa adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readLoha()]);
 */
export function readLoha(): Family {
  return {
    type: 'LOHA',
    read(config) {
      const [options, read] = readLycoris(config, []);
      return [loha(options), ...read.whole()];
    },
  };
}
