// An adapter is one method, and what goes beside it: its files are named after the first, and have room for no other.
import type { Adapter } from './adapter.ts';

/** @throws when an adapter's methods cannot be saved as one */
export function assertOneMethod({ name, methods: [own, ...others] }: Adapter): void {
  const fail = (why: string) => {
    throw new Error(`[peftjs/core] adapter "${name}" ${why}`);
  };
  if (own.beside && others.length) fail(`begins with ${own.type}, which goes beside another method; give that first`);
  const stranger = others.find((other) => !other.beside?.(own.type));
  if (stranger) fail(`cannot be ${own.type} and ${stranger.type} at once; attach them as two adapters`);
}
