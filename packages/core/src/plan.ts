// What an attachment would do, checked whole before anything is changed.
import type { Host } from './host.ts';
import { type Method, type Part, partFor } from './method.ts';
import type { Site, SiteKind } from './site.ts';
import { selectSites } from './targets.ts';

/** A method at one site, to be. */
export interface Step {
  readonly method: Method;
  readonly site: Site;
  readonly part: Part<SiteKind>;
}

/** Methods and the ones that come with them, the companions first. */
export function withCompanions(methods: readonly Method[]): readonly Method[] {
  return methods.flatMap((method) => [...withCompanions(method.with ?? []), method]);
}

/** @throws one error with the first problem of any site */
export function planSites(host: Host, methods: readonly Method[], strict: boolean): readonly Step[] {
  const steps: Step[] = [];
  for (const method of withCompanions(methods)) {
    const kinds = new Set(Object.keys(method.on) as SiteKind[]);
    for (const site of selectSites(host.sites(), method.targets, kinds, strict)) {
      const part = partFor(method, site) as Part<SiteKind>;
      const problem = part.check?.(site) ?? null;
      if (problem !== null) throw new Error(`[peftjs/core] ${method.type} cannot act on "${site.path}": ${problem}`);
      steps.push({ method, site, part });
    }
  }
  return steps;
}
