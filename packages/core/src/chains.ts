// The chain of links at each site. A host holds one of these and runs every site through it.
import type { Undo } from './host.ts';
import type { Context, In, Link, Out, Site, SiteKind, SiteOf } from './site.ts';

export interface Chains {
  wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>): Undo;
  /** What the site gives for `x`: the links in order of attachment, the last on top, over `base`. */
  run<K extends SiteKind>(site: SiteOf<K>, base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context): Out<K>;
}

export function createChains(): Chains {
  const chains = new Map<Site, Link<SiteKind>[]>();
  return {
    wrap<K extends SiteKind>(site: SiteOf<K>, link: Link<K>): Undo {
      // An entry of its own, so that the undo of a link that was put on twice takes off one of them.
      const entry = ((base, x, ctx) => link(base, x, ctx)) as Link<K> as unknown as Link<SiteKind>;
      const chain = chains.get(site) ?? [];
      chains.set(site, [...chain, entry]);
      return () =>
        chains.set(
          site,
          (chains.get(site) ?? []).filter((l) => l !== entry),
        );
    },
    run<K extends SiteKind>(site: SiteOf<K>, base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context): Out<K> {
      let top = base;
      for (const link of (chains.get(site) ?? []) as unknown as readonly Link<K>[]) {
        const below = top;
        top = (input) => link(below, input, ctx);
      }
      return top(x);
    },
  };
}
