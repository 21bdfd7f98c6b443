// What a site holds that merging can replace: a weight and a bias, or a norm's gain and offset.
import { clone, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import type { Host, Undo } from './host.ts';
import type { NormSite, WeightSite } from './site.ts';
import { holding } from './storage.ts';
import type { Weight } from './weight.ts';

export type HoldingSite = WeightSite | NormSite;
export type Held = Weight | Variable;

export function heldBy(site: HoldingSite): Held {
  return site.kind === 'norm' ? site.gamma : site.weight;
}

export function biasOf(site: HoldingSite): Variable | null {
  if (site.kind === 'norm') return site.beta;
  return site.kind === 'embedding' ? null : site.bias;
}

/** [o, i], or a norm's [d]. */
export function readHeld(site: HoldingSite): Tensor {
  return site.kind === 'norm' ? clone(site.gamma) : site.weight.read();
}

/** Another of what the site holds, with these numbers. */
export function holdLike(site: HoldingSite, values: Tensor): Held {
  return site.kind === 'norm' ? variable(values, false) : holding(site.path, () => site.weight.encode(values));
}

/** @throws when it is a norm, and the host cannot change norms */
export function setHeld(host: Host, site: HoldingSite, held: Held, bias: Variable | undefined): Undo {
  if (site.kind !== 'norm') return host.setWeight(site, held as Weight, bias);
  if (host.setNorm) return host.setNorm(site, held as Variable, bias);
  throw new Error(`[peftjs/core] "${host.base.name}" cannot change the norm at "${site.path}"; keep the adapter apart`);
}
