// DoRA (Liu et al., arXiv 2402.09353): y = x (m / |V| · V)' + b with V = W + s B A, |V| its row norms, held constant in
// the backward pass. |V|² = |W|² + 2 s <W, B A> + s² |B A|² row by row, so that V is never formed.
import { untaped } from '@peftjs/backend';
import type { Method, ParamSpec, Term, WeightSite } from '@peftjs/core';
import {
  add,
  div,
  matMul,
  maximum,
  mul,
  reshape,
  sqrt,
  square,
  sum,
  type Tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import { makeLora, type Variant } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

/** A squared norm is at least this, so that a row of zeros stays one instead of becoming 0 / 0. */
const TINY = 1e-30;

/** Squares summed over all but the dimension that the magnitude runs over: rows [o], for a table columns [d]. */
function squaredNorms(site: WeightSite): Tensor {
  return sum(square(site.weight.read()), site.kind === 'embedding' ? 0 : 1);
}

/** The magnitude m, [o] or [d], on a convolution [1, o, 1, 1]: it starts at the norms of the weight. */
function magnitude(site: WeightSite): ParamSpec {
  const { outDim, inDim } = site.weight;
  const shape = { linear: [outDim], conv: [1, outDim, 1, 1], embedding: [inDim] }[site.kind];
  return { file: 'lora_magnitude_vector', shape, init: () => reshape(sqrt(squaredNorms(site)), shape) };
}

/** |V|, [o] or [d], from |W|². */
function norms(site: WeightSite, base: Tensor, { a, b, scale }: Term): Tensor {
  const down = reshape(a, [a.shape[0] as number, -1]);
  const up = reshape(b, [-1, a.shape[0] as number]);
  // W A': [o, r]; for a table E' A': [d, r].
  const wa =
    site.kind === 'embedding' ? matMul(site.weight.read(), down, true, true) : transpose(site.weight.matMul(down));
  const cross = sum(mul(wa, up), 1);
  const own = sum(mul(matMul(up, matMul(down, down, false, true)), up), 1);
  return sqrt(maximum(add(base, add(mul(cross, 2 * scale), mul(own, scale * scale))), TINY));
}

const decomposed: Variant = (part) => ({
  ...part,
  params: (site) => ({ ...part.params(site), m: magnitude(site) }),
  derive: (site) => ({ norms: squaredNorms(site) }),
  affine(args) {
    const change = part.affine(args);
    const [term] = change.terms as [Term];
    const size = untaped(() => norms(args.site, args.derived.norms as Tensor, term));
    return { ...change, out: div(reshape(args.params.m as Tensor, [-1]), size) };
  },
});

/**
 * DoRA: LoRA that learns the size of each row of the weight apart from its direction.
 *
 * @throws when an option is out of its range
 * @example
 * attach(model, dora({ r: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }));
 */
export function dora(options: LoraOptions = {}): Method {
  const method = makeLora(complete(options), decomposed);
  return { ...method, config: (place) => ({ ...method.config(place), use_dora: true }) };
}
