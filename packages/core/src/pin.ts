// What a request of several passes runs from its first to its last, whatever is attached, replaced or switched meanwhile.
import type { Host, Undo } from './host.ts';
import { adaptersOf, begin, hold, isHeld } from './registry.ts';
import { type Route, route } from './route.ts';

/** Adapters held for a request. */
export interface Pin {
  /** Gives the routes of each pass. */
  readonly routes: Route | readonly Route[];
  /** Ends it. Adapters that were detached meanwhile are freed now. */
  readonly release: Undo;
}

/** The adapters that are active, each at its strength: what a pass without routes runs. */
export function activeRoute(host: Host): Route {
  return route(...adaptersOf(host).filter((adapter) => adapter.active));
}

/**
 * Holds the adapters of some routes, or those that are active now. Until the release nothing can change the base's weights,
 * by merging for one.
 *
 * @throws when a route names an adapter that is not on this host, or is merged
 * @example
 * const { routes, release } = pin(model);
 */
export function pin(host: Host, routes?: Route | readonly Route[]): Pin {
  const chosen = routes ?? activeRoute(host);
  checkRoutes(host, chosen);
  const held = new Set([chosen].flat().flatMap((one) => [...one.keys()]));
  const releases = [begin(host), ...[...held].map(hold)];
  return {
    routes: chosen,
    release() {
      for (const release of releases) release();
    },
  };
}

/**
 * @param rows the batch's, to be compared with the number of routes
 * @throws when a route names an adapter that is not on this host, that is merged, or whose base others do not share; or
 *   when there are more or fewer routes than rows
 */
export function checkRoutes(host: Host, routes: Route | readonly Route[], rows?: number): void {
  const fail = (why: string) => {
    throw new Error(`[peftjs/core] ${why}`);
  };
  if (Array.isArray(routes) && rows !== undefined && routes.length !== rows) {
    fail(`${routes.length} routes for a batch of ${rows} rows; give one a row, or one for all`);
  }
  const all = [routes].flat() as readonly Route[];
  for (const [adapter, strength] of all.flatMap((one) => [...one])) {
    if (adapter.host !== host) fail(`adapter "${adapter.name}" is on another model; attach it to this one`);
    if (!adaptersOf(host).includes(adapter) && !isHeld(adapter))
      fail(`adapter "${adapter.name}" is detached; attach it again`);
    if (adapter.unmerge) fail(`adapter "${adapter.name}" is merged into the base of all rows; unmerge it first`);
    if (!Number.isFinite(strength)) fail(`adapter "${adapter.name}" has a strength of ${strength}; give a number`);
  }
  const resident = adaptersOf(host)
    .filter((adapter) => !adapter.unmerge && adapter.attachments.some((a) => a.weight))
    .find((adapter) => all.some((one) => !one.has(adapter)));
  if (resident && all.some((one) => one.size > 0)) {
    fail(
      `"${resident.name}" has taken its start out of the base's weights (PiSSA, OLoRA); all rows must run it, or detach it`,
    );
  }
}
