// The weights of a model as parameters, for training it whole.
import type { Parameter, Site, Trainable } from '@peftjs/core';
import type { Variable } from '@tensorflow/tfjs-core';

/** Each variable once, under the first name it has in a file. @throws where a weight is stored in a way that cannot be trained */
export function siteParameters(sites: readonly Site[]): Trainable {
  const found = new Map<Variable, string>();
  const enter = (key: string, variable: Variable | null | undefined) => {
    if (variable && !found.has(variable)) found.set(variable, key);
  };
  for (const site of sites) {
    if ('weight' in site) {
      if (site.weight.variable === undefined) {
        throw new Error(
          `[peftjs/models] "${site.path}" is stored in a way that cannot be trained; load the model without "weights", or attach an adapter`,
        );
      }
      enter(`${site.path}.weight`, site.weight.variable);
    }
    if ('bias' in site) enter(`${site.path}.bias`, site.bias);
    if (site.kind === 'norm') {
      enter(`${site.path}.weight`, site.gamma);
      enter(`${site.path}.bias`, site.beta);
    }
  }
  return {
    parameters: [...found].map(([variable, key]): Parameter => ({ key, variable, trainable: true, saved: true })),
  };
}
