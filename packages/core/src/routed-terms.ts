// Rows that run different adapters at a linear layer, all of which only add low-rank terms: where the backend can add each
// term to rows of its own, the batch stays whole.
import { hasKernel, lowRankRows } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Term } from './affine.ts';
import type { RowGroups } from './row-groups.ts';
import type { Context, Link, SiteKind } from './site.ts';

/** A link with how much it counts. */
export interface Running {
  readonly link: Link<SiteKind>;
  readonly strength: number;
}

/** What links add to the base, where all they do is to add low-rank terms. */
function termsOf(links: readonly Running[], training: boolean): readonly Term[] | null {
  const all: Term[] = [];
  for (const { link, strength } of links) {
    const affine = link.affine?.();
    if (affine === undefined) return null;
    const { in: gain, out, bias, terms = [], dropout = 0 } = affine;
    if (gain || out || bias || (training && dropout > 0)) return null;
    for (const term of terms) all.push({ ...term, scale: term.scale * strength });
  }
  return all;
}

/** What the base gives for x with the terms of each row's route added; null where it cannot be had so. */
export function addRoutedTerms(
  linksOf: (ctx: Context) => readonly Running[],
  base: (x: Tensor) => Tensor,
  x: Tensor,
  ctx: Context,
  { groups, runs }: RowGroups,
): Tensor | null {
  if (!hasKernel(lowRankRows)) return null;
  const terms: (readonly Term[])[] = [];
  for (const { route } of groups) {
    const found = termsOf(linksOf({ ...ctx, routes: route }), ctx.training);
    if (found === null) return null;
    terms.push(found);
  }
  // A row of the batch is t rows of the matrix that the op sees.
  const t = x.size / (x.shape[0] as number) / (x.shape.at(-1) as number);
  const scales: number[] = [];
  const rows: (readonly [number, number])[] = [];
  const factors: Record<`a${number}` | `b${number}`, Tensor> = {};
  for (const { group, from, count } of runs) {
    for (const { a, b, scale } of terms[group] as readonly Term[]) {
      const k = scales.push(scale) - 1;
      rows.push([from * t, (from + count) * t]);
      factors[`a${k}`] = a;
      factors[`b${k}`] = b;
    }
  }
  return lowRankRows({ y: base(x), x, ...factors }, { scales, rows });
}
