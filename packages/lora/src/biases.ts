// The layers' own biases, trained as they are (Ben Zaken et al., arXiv 2106.10199).
import { affinePart, type Method, type Part, type Site } from '@peftjs/core';
import { clone, type Tensor, type Variable } from '@tensorflow/tfjs-core';

const spec = (bias: Variable) => ({ bias: { file: 'bias', shape: bias.shape, init: () => clone(bias) } });

const linear: Part<'linear'> = affinePart({
  params: (site) => spec(site.bias as Variable),
  affine: ({ params }) => ({ bias: params.bias as Tensor }),
});

const norm: Part<'norm'> = {
  params: (site) => spec(site.beta as Variable),
  forward: ({ x, base, site, params }) => base({ ...x, beta: x.beta === site.beta ? (params.bias as Tensor) : x.beta }),
  fold: ({ weight, params }) => ({ weight, bias: params.bias as Tensor }),
};

/**
 * Trains every bias that the other methods of the same adapter leave alone; where a model has none, nothing.
 *
 * @example
 * attach(model, [lora({ r: 8, bias: 'lora_only' }), biases()]);
 */
export function biases(): Method {
  const has = (site: Site) =>
    (site.kind === 'linear' && site.bias !== null) || (site.kind === 'norm' && site.beta !== null);
  return {
    type: 'BIASES',
    targets: { modules: /.*/, where: has, optional: true },
    precedence: 1,
    on: { linear, norm },
    config: () => ({ bias: 'all' }),
  };
}
