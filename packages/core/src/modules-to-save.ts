// Modules trained whole beside the method, as PEFT's `modules_to_save`: copies of the base's own weights.
import { lookup, rowsOf } from '@peftjs/backend';
import { add, clone, matMul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Method, ParamSpec, Part } from './method.ts';
import type { EmbeddingSite, LinearSite } from './site.ts';

const copy = (file: string, source: Tensor): ParamSpec => ({ file, shape: source.shape, init: () => clone(source) });
const matrix = (site: LinearSite | EmbeddingSite): ParamSpec => ({
  file: 'weight',
  shape: [site.weight.outDim, site.weight.inDim],
  init: () => site.weight.read(),
});

const linear: Part<'linear'> = {
  params: (site) => ({ weight: matrix(site), ...(site.bias ? { bias: copy('bias', site.bias) } : {}) }),
  forward: ({ x, params: { weight, bias } }) => {
    const y = matMul(rowsOf(x), weight as Tensor, false, true);
    return reshape(bias ? add(y, bias) : y, [...x.shape.slice(0, -1), (weight as Tensor).shape[0] as number]);
  },
  fold: ({ params: { weight, bias } }) => ({ weight: weight as Tensor, bias: bias ?? null }),
};

const embedding: Part<'embedding'> = {
  params: (site) => ({ weight: matrix(site) }),
  forward: ({ x, params }) => lookup(params.weight as Tensor, x),
  fold: ({ params, bias }) => ({ weight: params.weight as Tensor, bias }),
};

const norm: Part<'norm'> = {
  params: (site) => ({ weight: copy('weight', site.gamma), ...(site.beta ? { bias: copy('bias', site.beta) } : {}) }),
  forward: ({ x, base, params: { weight, bias } }) => base({ x: x.x, gamma: weight as Tensor, beta: bias ?? null }),
  fold: ({ params: { weight, bias } }) => ({ weight: weight as Tensor, bias: bias ?? null }),
};

/**
 * Trains these modules whole. Other methods of the same adapter leave them alone.
 *
 * @param names ends of paths: `lm_head`
 * @example
 * attach(model, [lora({ r: 8 }), modulesToSave(['lm_head'])]);
 */
export function modulesToSave(names: readonly string[]): Method {
  return {
    type: 'MODULES_TO_SAVE',
    targets: { modules: names, loose: true },
    precedence: -1,
    on: { linear, embedding, norm },
    config: () => ({ modules_to_save: names }),
  };
}
