// How every host here replaces a site's weight.
import type { LinearSite, NormSite, Undo, Weight, WeightSite } from '@peftjs/core';
import type { Variable } from '@tensorflow/tfjs-core';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The site holds the new weight until the undo.
 *
 * @throws for a bias where the architecture has none: a saved model could not hold it
 */
export function setSiteWeight(site: WeightSite, weight: Weight, bias?: Variable): Undo {
  const place = site as Writable<LinearSite>;
  const before = { weight: place.weight, bias: place.bias };
  if (bias !== undefined && !place.bias) {
    throw new Error(`[peftjs/models] "${site.path}" has no bias in this model, and cannot be given one`);
  }
  place.weight = weight;
  if (bias !== undefined) place.bias = bias;
  return () => {
    place.weight = before.weight;
    if (bias !== undefined) place.bias = before.bias;
  };
}

/** The site holds the new gain and offset until the undo. @throws for an offset where the architecture has none */
export function setSiteNorm(site: NormSite, gamma: Variable, beta?: Variable): Undo {
  const place = site as Writable<NormSite>;
  const before = { gamma: place.gamma, beta: place.beta };
  if (beta !== undefined && place.beta === null) {
    throw new Error(`[peftjs/models] "${site.path}" has no offset in this model, and cannot be given one`);
  }
  Object.assign(place, { gamma, ...(beta && { beta }) });
  return () => {
    Object.assign(place, before);
  };
}
