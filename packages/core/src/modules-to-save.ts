// Modules trained whole beside the method, as PEFT's `modules_to_save`: copies of the base's own weights.
import { lookup, rowsOf } from '@peftjs/backend';
import { add, clone, matMul, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import type { Method, ParamSpec, Part } from './method.ts';
import type { EmbeddingSite, LinearSite, Site } from './site.ts';
import { hasRole } from './targets.ts';
import { wholeNorm } from './whole-norm.ts';

const copy = (file: string, source: Tensor): ParamSpec => ({ file, shape: source.shape, init: () => clone(source) });
const matrix = (site: LinearSite | EmbeddingSite): ParamSpec => ({
  file: 'weight',
  shape: [site.weight.outDim, site.weight.inDim],
  init: () => site.weight.read(),
});

/** What PEFT writes once more where all biases are trained. */
const redundant = ['modules_to_save.bias', 'original_module.bias'];

/** A Conv1D's matrix lies in the files as [i, o], and so it does here. */
const turned = (site: LinearSite, weight: Tensor): Tensor => (site.transposed ? transpose(weight) : weight);

const linear: Part<'linear'> = {
  redundant,
  params: (site) => ({
    weight: site.transposed
      ? { file: 'weight', shape: [site.inDim, site.outDim], init: () => transpose(site.weight.read()) }
      : matrix(site),
    ...(site.bias ? { bias: copy('bias', site.bias) } : {}),
  }),
  forward: ({ x, site, params: { weight, bias } }) => {
    const y = matMul(rowsOf(x), turned(site, weight as Tensor), false, true);
    return reshape(bias ? add(y, bias) : y, [...x.shape.slice(0, -1), site.outDim]);
  },
  fold: ({ site, params: { weight, bias } }) => ({ weight: turned(site, weight as Tensor), bias: bias ?? null }),
};

const embedding: Part<'embedding'> = {
  params: (site) => ({ weight: matrix(site) }),
  forward: ({ x, params }) => lookup(params.weight as Tensor, x),
  fold: ({ params, bias }) => ({ weight: params.weight as Tensor, bias }),
};

/** A name as it is; PEFT knows no roles, so that of one the modules are named. */
function modulesOf(name: string, sites: readonly Site[]): readonly string[] {
  const paths = sites.filter((site) => hasRole(site, name)).map((site) => site.path);
  return paths.length === 0 || sites.some((site) => site.path.endsWith(name)) ? [name] : paths;
}

/**
 * Trains these modules whole. Other methods of the same adapter leave them alone.
 *
 * @param names ends of paths, `lm_head`, or roles, `head`
 * @example
 * attach(model, [lora({ r: 8 }), modulesToSave(['lm_head'])]);
 */
export function modulesToSave(names: readonly string[]): Method {
  return {
    type: 'MODULES_TO_SAVE',
    targets: { modules: names, loose: true },
    beside: () => true,
    precedence: -1,
    on: { linear, embedding, norm: { ...wholeNorm(), redundant } },
    config: ({ sites }) => ({ modules_to_save: names.flatMap((name) => modulesOf(name, sites)) }),
  };
}
