// A start that depends on the site's own weight and takes a part out of it (PiSSA).
import type { Tensor } from '@tensorflow/tfjs-core';
import { assertOnTop, changeWeight } from './change-weight.ts';
import type { Host, Undo } from './host.ts';
import type { Tensors } from './method.ts';
import { assertIdle } from './registry.ts';
import type { WeightSite } from './site.ts';
import { holding, type Storage } from './storage.ts';
import type { Weight } from './weight.ts';

/** Parameters, and what becomes of the weight. */
export interface Start {
  readonly params: Tensors;
  /** [o, i] */
  readonly weight: Tensor;
  /** How it is held from then on; as the weight was when left out. */
  readonly storage?: Storage;
}

/** What a start has put in the place of a site's weight. */
export interface Taken {
  readonly weight: Weight;
  /** @throws when the adapter of this name cannot give back now what it took */
  assertFree(name: string): void;
  readonly undo: Undo;
}

/** Parameters of a site, and what is done to its weight, if anything, once they are made. */
export interface Started {
  readonly params: Tensors;
  take(): Taken | undefined;
}

function take(host: Host, site: WeightSite, { weight: values, storage }: Start): Taken {
  assertIdle(host, `a start at "${site.path}"`);
  const { outDim, inDim } = site.weight;
  const weight = holding(site.path, () =>
    storage ? storage(values.dataSync<'float32'>(), outDim, inDim) : site.weight.encode(values),
  );
  return {
    weight,
    assertFree(name) {
      assertIdle(host, `detaching "${name}"`);
      assertOnTop(site, weight);
    },
    undo: changeWeight(host, site, weight),
  };
}

/**
 * A part's `start`.
 *
 * @param start where a site starts, or null where it starts as others do
 * @example
 * start: fromWeight((site) => ({ params: {}, weight: mul(site.weight.read(), 0.9) })),
 */
export function fromWeight<S extends WeightSite, A extends readonly unknown[]>(
  start: (site: S, ...args: A) => Start | null,
): (host: Host, site: S, ...args: A) => Started | null {
  return (host, site, ...args) => {
    const found = start(site, ...args);
    return found && { params: found.params, take: () => take(host, site, found) };
  };
}
