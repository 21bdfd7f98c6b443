// Which adapters a row of a batch runs. A row's route is a value, so rows of one batch may differ.
import type { Adapter } from './adapter.ts';

/** Adapters with their strengths; without any, the base alone. */
export type Route = ReadonlyMap<Adapter, number>;

/**
 * A route over these adapters.
 *
 * @param adapters each at its own strength, or with another
 * @example
 * model.logits(batch, { training: false, seed: 0, routes: [route(formal), route(), route([casual, 0.5])] });
 */
export function route(...adapters: readonly (Adapter | readonly [adapter: Adapter, strength: number])[]): Route {
  return new Map(adapters.map((one) => ('host' in one ? [one, one.strength] : one)));
}

/** Whether two routes run these adapters alike; any that one of them names when left out. */
export function isSameRoute(a: Route, b: Route, among: Iterable<Adapter> = [...a.keys(), ...b.keys()]): boolean {
  return a === b || [...among].every((adapter) => (a.get(adapter) ?? 0) === (b.get(adapter) ?? 0));
}
