// The chain of links at each site. A host holds one of these and runs every site through it. It knows which adapter a link
// belongs to: one that is off is passed by, and where rows take different routes the batch is cut, run and joined.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Adapter } from './adapter.ts';
import { assertOneMethod } from './assert-one-method.ts';
import { blend } from './blend.ts';
import { cut } from './cut-rows.ts';
import type { Undo } from './host.ts';
import { addRoutedTerms, type Running } from './routed-terms.ts';
import { rowGroups } from './row-groups.ts';
import type { Context, In, Link, Out, Site, SiteKind, SiteOf } from './site.ts';

export interface Chains {
  /**
   * Without an adapter the link always runs.
   *
   * @throws when the adapter holds methods that cannot be one
   */
  wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>, adapter?: Adapter): Undo;
  /** What the site gives for `x`: the links in order of attachment, the last on top, over `base`. */
  run<K extends SiteKind>(site: SiteOf<K>, base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context): Out<K>;
}

interface Entry {
  readonly link: Link<SiteKind>;
  readonly adapter: Adapter | undefined;
}

/** How much a link counts in a pass whose rows all take one route. */
function strengthOf({ adapter }: Entry, { routes }: Context): number {
  if (adapter === undefined) return 1;
  if (routes !== undefined) return (routes as ReadonlyMap<Adapter, number>).get(adapter) ?? 0;
  return adapter.active ? adapter.strength : 0;
}

/** The links that run in such a pass. */
function running(entries: readonly Entry[], ctx: Context): readonly Running[] {
  return entries
    .map((entry) => ({ link: entry.link, strength: strengthOf(entry, ctx) }))
    .filter((one) => one.strength !== 0);
}

export function createChains(): Chains {
  const chains = new Map<Site, readonly Entry[]>();
  return {
    wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>, adapter?: Adapter): Undo {
      if (adapter) assertOneMethod(adapter);
      const entry: Entry = { link: link as unknown as Link<SiteKind>, adapter };
      chains.set(site, [...(chains.get(site) ?? []), entry]);
      return () =>
        chains.set(
          site,
          (chains.get(site) ?? []).filter((other) => other !== entry),
        );
    },
    run<K extends SiteKind>(site: SiteOf<K>, base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context): Out<K> {
      const entries = chains.get(site);
      if (!entries?.length) return base(x);
      const through = (below: (x: In<K>) => Out<K>, input: In<K>, context: Context): Out<K> => {
        let top = below as (x: In<SiteKind>) => Out<SiteKind>;
        for (const { link, strength } of running(entries, context)) {
          const next = top;
          const forward = (lower: typeof top, y: In<SiteKind>) => link(lower, y, context);
          top = strength === 1 ? (y) => forward(next, y) : (y) => blend(site, next, y, forward, strength);
        }
        return top(input) as Out<K>;
      };
      if (!Array.isArray(ctx.routes)) return through(base, x, ctx);
      const cutting = rowGroups(
        ctx.routes,
        entries.flatMap(({ adapter }) => adapter ?? []),
      );
      const [first, second] = cutting.groups;
      if (first && !second) return through(base, x, { ...ctx, routes: first.route });
      const linksOf = (own: Context) => running(entries, own);
      const whole =
        site.kind === 'linear'
          ? addRoutedTerms(linksOf, base as (x: Tensor) => Tensor, x as Tensor, ctx, cutting)
          : null;
      return (whole as Out<K> | null) ?? cut(site, through, base, x, ctx, cutting);
    },
  };
}
