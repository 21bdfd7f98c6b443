// A batch whose rows take different routes: cut by what they run at a site, each group run, joined again.
import { pad, type Tensor } from '@tensorflow/tfjs-core';
import type { RowGroup, RowGroups } from './row-groups.ts';
import type { Context, In, Out, Sequence, Site, SiteKind, SiteOf, Tokens } from './site.ts';

function tokensOf({ ids, mask, shape: [, s], past, tasks }: Tokens, { rows }: RowGroup): Tokens {
  const pick = (all: Int32Array, n: number) =>
    Int32Array.from(rows.flatMap((row) => [...all.subarray(row * n, (row + 1) * n)]));
  return {
    ids: pick(ids, s),
    mask: pick(mask, s),
    shape: [rows.length, s],
    past,
    ...(tasks && { tasks: pick(tasks, 1) }),
  };
}

/** What each group's rows put into the site. */
function inputs(site: Site, x: In<SiteKind>, { groups, take }: RowGroups): readonly In<SiteKind>[] {
  const takeFields = <T extends Readonly<Record<string, Tensor>>>(tensors: T): readonly T[] => {
    const taken = Object.entries(tensors).map(([name, tensor]) => [name, take(tensor)] as const);
    return groups.map((_, i) => Object.fromEntries(taken.map(([name, parts]) => [name, parts[i]])) as T);
  };
  switch (site.kind) {
    case 'norm': {
      const { x: values, ...gains } = x as In<'norm'>;
      return takeFields({ x: values }).map((own) => ({ ...gains, ...own }));
    }
    case 'attention':
      return takeFields({ ...(x as In<'attention'>) });
    case 'sequence': {
      const { past, ahead, padding, ...tensors } = x as Sequence;
      return takeFields(tensors).map((own, i) => {
        const { rows } = groups[i] as RowGroup;
        return { ...own, past, ahead, padding: rows.map((row) => padding[row] as number) };
      });
    }
    case 'linear':
    case 'embedding':
    case 'conv':
    case 'residual':
    case 'stream':
      return take(x as Tensor);
    default:
      return site satisfies never;
  }
}

/** The caller's context as a group has it; its tokens are picked once they are asked for. */
function contextOf(ctx: Context, group: RowGroup): Context {
  const own = { ...ctx, routes: group.route };
  const { tokens } = ctx;
  if (tokens === undefined) return own;
  return {
    ...own,
    get tokens() {
      return tokensOf(tokens, group);
    },
  };
}

/** Sequences one below the other, the shorter ones padded on the left. */
function joinSequences(parts: readonly Sequence[], { groups, join }: RowGroups): Sequence {
  const widest = Math.max(...parts.map((s) => s.embeds.shape[1] as number));
  const left = (s: Sequence) => widest - (s.embeds.shape[1] as number);
  const joined = (of: (s: Sequence) => Tensor | undefined, fill = 0): Tensor | undefined => {
    const found = parts.map((s) => ({ x: of(s), by: left(s) }));
    if (found.some(({ x }) => x === undefined)) return undefined;
    return join(
      found.map(({ x, by }) =>
        by
          ? pad(x as Tensor, [[0, 0], [by, 0], ...(x?.rank === 3 ? [[0, 0] as [number, number]] : [])], fill)
          : (x as Tensor),
      ),
    );
  };
  const padding: number[] = [];
  for (const [i, s] of parts.entries())
    for (const [k, row] of (groups[i] as RowGroup).rows.entries()) padding[row] = (s.padding[k] as number) + left(s);
  const [labels, segments] = [joined((s) => s.labels, -100), joined((s) => s.segments)];
  return {
    embeds: joined((s) => s.embeds) as Tensor,
    mask: joined((s) => s.mask) as Tensor,
    positions: joined((s) => s.positions) as Tensor,
    ...(labels && { labels }),
    ...(segments && { segments }),
    past: (parts[0] as Sequence).past,
    // What is padding in all of a group's rows leaves room for what is ahead of them.
    ahead: Math.max(0, ...parts.map((s) => s.ahead - left(s) - Math.min(...s.padding))),
    padding,
  };
}

/** Kinds whose base treats each row by itself, so that it may as well run once, on all. */
const AT_ONCE: ReadonlySet<SiteKind> = new Set(['linear', 'embedding', 'conv', 'norm', 'residual']);

/** Runs each group of a batch's rows through its own route. */
export function cut<K extends SiteKind>(
  site: SiteOf<K>,
  through: (base: (x: In<K>) => Out<K>, x: In<K>, ctx: Context) => Out<K>,
  base: (x: In<K>) => Out<K>,
  x: In<K>,
  ctx: Context,
  cutting: RowGroups,
): Out<K> {
  const { groups } = cutting;
  let common: readonly Tensor[] | undefined;
  const own = inputs(site, x, cutting) as readonly In<K>[];
  const outs = groups.map((group, i) => {
    const below = (y: In<K>): Out<K> => {
      if (AT_ONCE.has(site.kind) && y === own[i]) {
        common ??= cutting.take(base(x) as Tensor);
        return common[i] as Out<K>;
      }
      // A branch holds further sites, which cut the whole batch for themselves.
      if (site.kind === 'residual') {
        throw new Error(
          `[peftjs/core] an adapter changes what enters "${site.path}"; it cannot share a batch with others`,
        );
      }
      return base(y);
    };
    return through(below, own[i] as In<K>, contextOf(ctx, group));
  });
  if (site.kind === 'sequence') return joinSequences(outs as readonly Sequence[], cutting) as Out<K>;
  return cutting.join(outs as readonly Tensor[]) as Out<K>;
}
