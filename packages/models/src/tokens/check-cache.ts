// A key-value cache holds what one stack of adapters made of the tokens so far: the next step must run the same.
import { isSameRoute, type Route } from '@peftjs/core';
import { routeOf } from './route-of.ts';

type Routes = Route | readonly Route[];

function named(one: Route): string {
  const names = [...one].map(([{ name }, strength]) => (strength === 1 ? `"${name}"` : `"${name}" at ${strength}`));
  return names.join(', ') || 'the base alone';
}

/**
 * @param rows of the batch
 * @throws when a row's tokens so far ran other adapters than it is to run now, or at other strengths
 */
export function checkCache(before: Routes, now: Routes, rows: number): void {
  const row = Array.from({ length: rows }, (_, i) => i).find((i) => !isSameRoute(routeOf(before, i), routeOf(now, i)));
  if (row === undefined) return;
  throw new Error(
    `[peftjs/models] the cache was filled by ${named(routeOf(before, row))}, this step runs ${named(routeOf(now, row))}; ` +
      'give the same "routes" all along, as pin() does, or begin again without the cache',
  );
}
