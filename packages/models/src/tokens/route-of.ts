import type { Route } from '@peftjs/core';

/** What a row of a batch runs. */
export function routeOf(routes: Route | readonly Route[], row: number): Route {
  return (Array.isArray(routes) ? routes[row] : routes) as Route;
}
