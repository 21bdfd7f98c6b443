// What an attachment would do, checked whole before anything is changed.
import type { Host } from './host.ts';
import type { Method, Part } from './method.ts';
import type { Site, SiteKind } from './site.ts';
import { selectSites } from './targets.ts';

/** A method with its sites, in the host's order. */
export type Step = readonly [method: Method, sites: readonly Site[]];

/** @throws one error with the first problem of any site */
export function planSites(host: Host, methods: readonly Method[], strict: boolean): readonly Step[] {
  const steps: Step[] = [];
  const order = (method: Method) => method.precedence ?? 0;
  for (const method of [...methods].sort((a, b) => order(a) - order(b))) {
    const taken = steps.flatMap(([other, sites]) => (order(other) < order(method) ? sites : []));
    const free = host.sites().filter((site) => !taken.includes(site));
    const sites = selectSites(free, method.targets, new Set(Object.keys(method.on) as SiteKind[]), strict);
    for (const site of sites) {
      const problem = (method.on[site.kind] as Part<SiteKind>).check?.(site);
      if (problem) throw new Error(`[peftjs/core] ${method.type} cannot act on "${site.path}": ${problem}`);
    }
    steps.push([method, sites]);
  }
  return steps;
}
