// Norms trained whole: a gain and an offset in the place of the site's own.
import { clone, type Tensor } from '@tensorflow/tfjs-core';
import type { ParamSpec, Part } from './method.ts';

/**
 * A part that trains copies of a norm's gain and offset. Where an adapter above it has set them already, those stand.
 *
 * @param prefix what stands before `weight` and `bias` in the files
 */
export function wholeNorm(prefix: string = ''): Part<'norm'> {
  const copy = (name: string, source: Tensor): ParamSpec => ({
    file: prefix + name,
    shape: source.shape,
    init: () => clone(source),
  });
  return {
    params: (site) => ({ weight: copy('weight', site.gamma), ...(site.beta && { bias: copy('bias', site.beta) }) }),
    forward: ({ x, base, site, params: { weight, bias } }) =>
      base({
        x: x.x,
        gamma: x.gamma === site.gamma ? (weight as Tensor) : x.gamma,
        beta: x.beta === site.beta ? (bias ?? null) : x.beta,
      }),
    fold: ({ params: { weight, bias } }) => ({ weight: weight as Tensor, bias: bias ?? null }),
  };
}
