// What an attachment would do, checked whole before anything is changed.
import type { Host } from './host.ts';
import type { Method, Part } from './method.ts';
import type { Site, SiteKind } from './site.ts';
import { selectSites } from './targets.ts';

/** A method at one site, to be. */
export interface Step {
  readonly method: Method;
  readonly site: Site;
  readonly part: Part<SiteKind>;
  /** Counts the method's sites of this kind. */
  readonly index: number;
}

/** @throws one error with the first problem of any site */
export function planSites(host: Host, methods: readonly Method[], strict: boolean): readonly Step[] {
  const steps: Step[] = [];
  const order = (method: Method) => method.precedence ?? 0;
  for (const method of [...methods].sort((a, b) => order(a) - order(b))) {
    const taken = steps.filter((step) => order(step.method) < order(method)).map((step) => step.site);
    const free = host.sites().filter((site) => !taken.includes(site));
    for (const site of selectSites(free, method.targets, new Set(Object.keys(method.on) as SiteKind[]), strict)) {
      const part = method.on[site.kind] as Part<SiteKind>;
      const problem = part.check?.(site);
      if (problem) throw new Error(`[peftjs/core] ${method.type} cannot act on "${site.path}": ${problem}`);
      const before = steps.filter((step) => step.part === part);
      steps.push({ method, site, part, index: before.length });
    }
  }
  return steps;
}
