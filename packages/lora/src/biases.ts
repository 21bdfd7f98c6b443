// The layers' own biases, trained as they are (Ben Zaken et al., arXiv 2106.10199).
import { affinePart, type Method, type Part, type Site } from '@peftjs/core';
import { clone, type Tensor, type Variable } from '@tensorflow/tfjs-core';

const spec = (bias: Variable) => ({ bias: { file: 'bias', shape: bias.shape, init: () => clone(bias) } });

const layer = <K extends 'linear' | 'conv'>(): Part<K> =>
  affinePart<K>({
    params: (site) => spec(site.bias as Variable),
    affine: ({ params }) => ({ bias: params.bias as Tensor }),
  });

const norm: Part<'norm'> = {
  params: (site) => spec(site.beta as Variable),
  forward: ({ x, base, site, params }) => base({ ...x, beta: x.beta === site.beta ? (params.bias as Tensor) : x.beta }),
  fold: ({ weight, params }) => ({ weight, bias: params.bias as Tensor }),
};

const on: Method['on'] = { linear: layer<'linear'>(), conv: layer<'conv'>(), norm };

const has = (site: Site): boolean => ('bias' in site ? site.bias !== null : site.kind === 'norm' && site.beta !== null);

/**
 * Trains every bias that the other methods of the same adapter leave alone; where a model has none, nothing.
 *
 * @example
 * attach(model, [lora({ r: 8, bias: 'lora_only' }), biases()]);
 */
export function biases(): Method {
  return {
    type: 'BIASES',
    targets: { modules: /.*/, where: has, optional: true },
    beside: (type) => type === 'LORA',
    precedence: 1,
    on,
    config: () => ({ bias: 'all' }),
  };
}

/** The targets of a PEFT adapter that has no layers. */
export const NO_TARGETS = 'dummy-target-modules';

function where(site: Site, sites: readonly Site[]): boolean {
  if (sites.some(has)) return has(site);
  throw new Error('[peftjs/lora] the model has no biases to train; use another method');
}

/**
 * BitFit: trains every bias of the model, and nothing else. PEFT knows it as LoRA on no layers.
 *
 * @throws when it is attached to a model that has no biases
 * @example
 * attach(model, bitfit());
 */
export function bitfit(): Method {
  return {
    type: 'LORA',
    targets: { modules: /.*/, where },
    on,
    config: () => ({ bias: 'all', target_modules: NO_TARGETS }),
  };
}
