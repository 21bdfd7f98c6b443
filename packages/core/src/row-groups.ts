// The rows of a batch by what they run at a site: taken apart and put together again.
import { concat, split, type Tensor } from '@tensorflow/tfjs-core';
import type { Adapter } from './adapter.ts';
import { isSameRoute, type Route } from './route.ts';

/** Rows that run the same, in their order. */
export interface RowGroup {
  readonly route: Route;
  readonly rows: readonly number[];
}

/** Rows that follow each other and belong to one group. */
export interface Run {
  readonly group: number;
  readonly from: number;
  readonly count: number;
}

export interface RowGroups {
  readonly groups: readonly RowGroup[];
  /** All rows, in their order. */
  readonly runs: readonly Run[];
  /** Each group's rows of x [b, ...]. */
  take(x: Tensor): readonly Tensor[];
  /** Of each group's rows the whole batch, in its order. */
  join(parts: readonly Tensor[]): Tensor;
}

const glue = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? (parts[0] as Tensor) : concat([...parts], 0));

/** @param adapters that have links at the site; rows whose routes do not differ in them are of one group */
export function rowGroups(routes: readonly Route[], adapters: readonly Adapter[]): RowGroups {
  const groups: { route: Route; rows: number[] }[] = [];
  const runs: { group: number; from: number; count: number }[] = [];
  for (const [row, route] of routes.entries()) {
    const found = groups.findIndex((group) => isSameRoute(group.route, route, adapters));
    const group = found === -1 ? groups.push({ route, rows: [] }) - 1 : found;
    groups[group]?.rows.push(row);
    const last = runs.at(-1);
    if (last?.group === group) last.count++;
    else runs.push({ group, from: row, count: 1 });
  }
  const countsOf = (some: readonly Run[]) => some.map(({ count }) => count);
  const runsOf = (group: number) => runs.filter((run) => run.group === group);
  return {
    groups,
    runs,
    take(x) {
      const parts = split(x, countsOf(runs), 0);
      return groups.map((_, group) => glue(parts.filter((_, i) => runs[i]?.group === group)));
    },
    join(parts) {
      const pieces = parts.map((part, group) => {
        const own = runsOf(group);
        return own.length === 1 ? [part] : split(part, countsOf(own), 0);
      });
      return glue(runs.map((run) => pieces[run.group]?.[runsOf(run.group).indexOf(run)] as Tensor));
    },
  };
}
