// DoRA (Liu et al., arXiv 2402.09353): y = x (m / |V| · V)' + b with V = W + s B A, |V| its row norms, held constant in
// the backward pass. |V|² = |W|² + 2 s <W, B A> + s² |B A|² row by row, so that V is never formed.
import { untaped } from '@peftjs/backend';
import type { EmbeddingSite, LinearSite, Method, ParamSpec, Tensors } from '@peftjs/core';
import { add, div, matMul, maximum, mul, sqrt, square, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { makeLora } from './make-lora.ts';
import { complete, type LoraOptions } from './options.ts';

/** A squared norm is at least this, so that a row of zeros stays one instead of becoming 0 / 0. */
const TINY = 1e-30;

/** Squares summed over all but the dimension that the magnitude runs over: rows [o], for a table columns [d]. */
function squaredNorms(site: LinearSite | EmbeddingSite): Tensor {
  return sum(square(site.weight.read()), site.kind === 'linear' ? 1 : 0);
}

/** What DoRA adds to LoRA at a site. */
export interface Decomposition {
  /** The magnitude m, [o] or [d]: it starts at the norms of the weight. */
  magnitude(site: LinearSite | EmbeddingSite): ParamSpec;
  /** |W|², which changes with the weight alone. */
  derive(site: LinearSite | EmbeddingSite): Tensors;
  /** m / |V|, [o] or [d]. */
  direction(site: LinearSite | EmbeddingSite, params: Tensors, derived: Tensors, scale: number): Tensor;
}

function magnitude(site: LinearSite | EmbeddingSite): ParamSpec {
  const shape = [site.kind === 'linear' ? site.outDim : site.dim];
  return { file: 'lora_magnitude_vector', shape, init: () => sqrt(squaredNorms(site)) };
}

function derive(site: LinearSite | EmbeddingSite): Tensors {
  return { norms: squaredNorms(site) };
}

function direction(site: LinearSite | EmbeddingSite, params: Tensors, derived: Tensors, scale: number): Tensor {
  const { a, b, m } = params as { a: Tensor; b: Tensor; m: Tensor };
  const norms = untaped(() => {
    // W A': [o, r]; for a table E' A': [d, r].
    const wa = site.kind === 'linear' ? transpose(site.weight.matMul(a)) : matMul(site.weight.read(), a, true, true);
    const cross = sum(mul(wa, b), 1);
    const own = sum(mul(matMul(b, matMul(a, a, false, true)), b), 1);
    const squared = add(derived.norms as Tensor, add(mul(cross, 2 * scale), mul(own, scale * scale)));
    return sqrt(maximum(squared, TINY));
  });
  return div(m, norms);
}

const decomposition: Decomposition = { magnitude, derive, direction };

/**
 * DoRA: LoRA that learns the size of each row of the weight apart from its direction.
 *
 * @throws when an option is out of its range or contradicts another
 * @example
 * attach(model, dora({ r: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }));
 */
export function dora(options: LoraOptions = {}): Method {
  if (options.loraBias === true) throw new Error('[peftjs/lora] DoRA has no loraBias; leave it out');
  return makeLora(complete(options), decomposition);
}
