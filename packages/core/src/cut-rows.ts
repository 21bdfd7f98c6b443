// A batch whose rows take different routes: cut where the route changes for a site, run each piece, joined again.
import { concat, pad, slice, type Tensor } from '@tensorflow/tfjs-core';
import type { Adapter } from './adapter.ts';
import { isSameRoute, type Route } from './route.ts';
import type { Context, In, Out, Sequence, Site, SiteKind, SiteOf, Tokens } from './site.ts';

/** Rows that follow each other and run the same there. */
interface Piece {
  readonly from: number;
  readonly count: number;
  readonly route: Route;
}

function pieces(routes: readonly Route[], adapters: readonly Adapter[]): readonly Piece[] {
  const found: { from: number; count: number; route: Route }[] = [];
  for (const [row, route] of routes.entries()) {
    const last = found.at(-1);
    if (last && isSameRoute(last.route, route, adapters)) last.count++;
    else found.push({ from: row, count: 1, route });
  }
  return found;
}

const rows = <T extends Tensor | undefined>(x: T, { from, count }: Piece): T => (x && slice(x, [from], [count])) as T;

function tokensOf({ ids, mask, shape: [, s], past, tasks }: Tokens, { from, count }: Piece): Tokens {
  const part = (all: Int32Array) => all.subarray(from * s, (from + count) * s);
  const own = tasks && { tasks: tasks.subarray(from, from + count) };
  return { ids: part(ids), mask: part(mask), shape: [count, s], past, ...own };
}

function input(site: Site, x: In<SiteKind>, piece: Piece): In<SiteKind> {
  switch (site.kind) {
    case 'norm':
      return { ...(x as In<'norm'>), x: rows((x as In<'norm'>).x, piece) };
    case 'attention': {
      const { q, k, v, mask } = x as In<'attention'>;
      return { q: rows(q, piece), k: rows(k, piece), v: rows(v, piece), mask: rows(mask, piece) };
    }
    case 'sequence': {
      const { embeds, mask, positions, labels, segments, past, padding, ahead } = x as Sequence;
      return {
        embeds: rows(embeds, piece),
        mask: rows(mask, piece),
        positions: rows(positions, piece),
        ...(labels && { labels: rows(labels, piece) }),
        ...(segments && { segments: rows(segments, piece) }),
        past,
        ahead,
        padding: padding.slice(piece.from, piece.from + piece.count),
      };
    }
    case 'linear':
    case 'embedding':
    case 'conv':
    case 'residual':
    case 'stream':
      return rows(x as Tensor, piece);
    default:
      return site satisfies never;
  }
}

/** Sequences one below the other, the shorter ones padded on the left. */
function joinSequences(parts: readonly Sequence[]): Sequence {
  const widest = Math.max(...parts.map((s) => s.embeds.shape[1] as number));
  const left = (s: Sequence) => widest - (s.embeds.shape[1] as number);
  const join = (of: (s: Sequence) => Tensor | undefined, fill = 0): Tensor | undefined => {
    const found = parts.map((s) => ({ x: of(s), by: left(s) }));
    if (found.some(({ x }) => x === undefined)) return undefined;
    return concat(
      found.map(({ x, by }) =>
        by
          ? pad(x as Tensor, [[0, 0], [by, 0], ...(x?.rank === 3 ? [[0, 0] as [number, number]] : [])], fill)
          : (x as Tensor),
      ),
      0,
    );
  };
  const [labels, segments] = [join((s) => s.labels, -100), join((s) => s.segments)];
  return {
    embeds: join((s) => s.embeds) as Tensor,
    mask: join((s) => s.mask) as Tensor,
    positions: join((s) => s.positions) as Tensor,
    ...(labels && { labels }),
    ...(segments && { segments }),
    past: (parts[0] as Sequence).past,
    // What is padding in all of a piece's rows leaves room for what is ahead of them.
    ahead: Math.max(0, ...parts.map((s) => s.ahead - left(s) - Math.min(...s.padding))),
    padding: parts.flatMap((s) => s.padding.map((n) => n + left(s))),
  };
}

/**
 * Runs each piece of a batch through its own route.
 *
 * @param adapters that have links at the site; where routes do not differ in them, rows stay together
 */
export function cut<K extends SiteKind>(
  site: SiteOf<K>,
  through: (base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context) => Out<K>,
  base: (x: In<K>) => Out<K>,
  x: In<K>,
  ctx: Context,
  routes: readonly Route[],
  adapters: readonly Adapter[],
): Out<K> {
  const all = pieces(routes, adapters);
  if (all.length === 1) return through(base, x, { ...ctx, routes: (all[0] as Piece).route });
  // A branch holds further sites, which cut for themselves: it runs once, on all rows.
  let branch: Tensor | undefined;
  const outs = all.map((piece) => {
    const own = input(site, x, piece) as In<K>;
    const below = (y: In<K>): Out<K> => {
      if (y !== own)
        throw new Error(
          `[peftjs/core] an adapter changes what enters "${site.path}"; it cannot share a batch with others`,
        );
      branch ??= base(x) as Tensor;
      return rows(branch, piece) as Out<K>;
    };
    const tokens = ctx.tokens && { tokens: tokensOf(ctx.tokens, piece) };
    return through(site.kind === 'residual' ? below : base, own, { ...ctx, ...tokens, routes: piece.route });
  });
  return (site.kind === 'sequence' ? joinSequences(outs as Sequence[]) : concat(outs as Tensor[], 0)) as Out<K>;
}
