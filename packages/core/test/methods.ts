// Methods to test core with.
import { normal, uniform } from '@peftjs/backend';
import { mul, sub, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { affinePart } from '../src/affine.ts';
import { fromWeight } from '../src/from-weight.ts';
import type { Family, Method, ParamSpec, Part } from '../src/method.ts';
import { modulesToSave } from '../src/modules-to-save.ts';
import type { LinearSite } from '../src/site.ts';
import type { Targets } from '../src/targets.ts';

const draw: ParamSpec['init'] = (shape, next) =>
  tensor(
    normal(
      next,
      shape.reduce((n, d) => n * d, 1),
      0.5,
    ),
    [...shape],
  );

const params = (site: LinearSite): Record<'a' | 'b', ParamSpec> => ({
  a: { shape: [2, site.inDim], init: draw, file: 'low_A.weight' },
  b: { shape: [site.outDim, 2], init: draw, file: 'low_B.weight' },
});

/** y = x W' + 0.5 (drop(x) A') B', trained or not. */
export function low(modules: Targets['modules'], more: Partial<Part<'linear'>> & { dropout?: number } = {}): Method {
  const { dropout = 0, ...rest } = more;
  const part = affinePart({
    params,
    affine: ({ params: { a, b } }) => ({ terms: [{ a: a as Tensor, b: b as Tensor, scale: 0.5 }], dropout }),
  });
  return {
    type: 'LOW',
    targets: { modules },
    on: { linear: { ...part, ...rest } },
    config: ({ modules: target_modules }) => ({ rank: 2, target_modules }),
  };
}

/** Takes a tenth of the weight away when it is attached, and never gives it back in its forward pass. */
export function shrinking(modules: Targets['modules']): Method {
  return low(modules, {
    start: fromWeight((site) => ({ params: {}, weight: mul(site.weight.read(), 0.9) })),
  });
}

/** Scales each output by a gain over the norm of its row of W: reads the weight. */
export function normed(modules: Targets['modules']): Method {
  const part = affinePart({
    params: (site) => ({
      gain: { shape: [site.outDim], init: (s, next) => tensor(uniform(next, site.outDim, 1, 2), [...s]), file: 'gain' },
    }),
    derive: (site) => ({ sums: sum(mul(site.weight.read(), site.weight.read()), 1) }),
    affine: ({ params: p, derived }) => ({ out: mul(p.gain as Tensor, derived.sums as Tensor) }),
  });
  return { type: 'NORMED', targets: { modules }, on: { linear: part }, config: () => ({}) };
}

/** Puts another bias in the place of the layer's own. */
export function rebiased(modules: Targets['modules']): Method {
  const part = affinePart({
    params: (site) => ({ bias: { shape: [site.outDim], init: draw, file: 'bias' } }),
    affine: ({ params: p }) => ({ bias: p.bias as Tensor }),
  });
  return { type: 'REBIASED', targets: { modules }, on: { linear: part }, config: () => ({}) };
}

/** Merges into something else than it computes. */
export function liar(modules: Targets['modules']): Method {
  return low(modules, { fold: ({ weight, bias }) => ({ weight: sub(weight, 1), bias }) });
}

/** A method that may stand beside any other in one adapter. */
export const beside = (method: Method): Method => ({ ...method, beside: () => true });

/** Modules trained whole, as a method of its own. */
export function whole(names: readonly string[]): Method {
  const { beside: _, ...method } = modulesToSave(names);
  return method;
}

export const family: Family = {
  type: 'LOW',
  read: (config) => [low(config.target_modules as readonly string[])],
};
