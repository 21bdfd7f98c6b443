// Random numbers that belong to a tensor and an adapter, not to the order in which they are met.
import { type Random, random } from '@peftjs/backend';

/** FNV-1a, 32 bits, over whole numbers. */
export function hash(values: Iterable<number>, start = 0x811c9dc5): number {
  let h = start;
  for (const value of values) h = Math.imul(h ^ value, 0x01000193) >>> 0;
  return h;
}

/** The numbers for the tensor of this name: of a seed, and of each of the adapters that have it. */
export function streamsOf(name: string): (seed: number, k: number) => Random {
  const place = hash(Array.from(name, (letter) => letter.codePointAt(0) as number));
  return (seed, k) => random(seed, place, k);
}
