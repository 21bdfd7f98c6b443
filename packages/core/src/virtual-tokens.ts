// How many positions the active adapters put in front of a batch's own.
import type { Host } from './host.ts';
import { activeRoute } from './pin.ts';

/** 0 where none of them is a prompt. With any, the first token of a row is predicted too. */
export function virtualTokens(host: Host): number {
  return [...activeRoute(host)]
    .flatMap(([adapter, strength]) => (strength === 0 ? [] : adapter.attachments))
    .reduce((sum, { part }) => sum + (part.virtualTokens ?? 0), 0);
}
