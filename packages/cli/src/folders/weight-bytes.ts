import type { Host } from '@peftjs/core';

/** What the process holds for a model's weights, each once however many sites share it. */
export function weightBytes(host: Host): number {
  const held = new Map<object, number>();
  for (const site of host.sites()) {
    if ('weight' in site) held.set(site.weight, site.weight.bytes);
    if ('bias' in site && site.bias !== null) held.set(site.bias, 4 * site.outDim);
    if (site.kind === 'norm') {
      held.set(site.gamma, 4 * site.dim);
      if (site.beta !== null) held.set(site.beta, 4 * site.dim);
    }
  }
  return [...held.values()].reduce((sum, n) => sum + n, 0);
}
