// How many positions adapters put in front of a row's own.
import type { Route } from './route.ts';

/** 0 where none of them is a prompt. With any, the first token of the row is predicted too. */
export function virtualTokens(route: Route): number {
  return [...route]
    .flatMap(([adapter, strength]) => (strength === 0 ? [] : adapter.attachments))
    .reduce((sum, { part }) => sum + (part.virtualTokens ?? 0), 0);
}
