/** A seeded split into what is trained on and what is held out, with as much of each class on both sides. */
import { permutation } from './random.ts';

/** How examples are split. */
export interface SplitOptions<T> {
  /** The share of each class that is held out; 0.2 unless set. */
  readonly heldOut?: number;
  /** Any integer. 0 unless set. */
  readonly seed?: number;
  /** Examples with the same key stay on one side: copies of a text, mails of one thread, pictures of one person. */
  readonly groupOf?: (example: T) => string;
}

/** Both sides, each in the order of the data. */
export interface Split<T> {
  readonly train: readonly T[];
  readonly heldOut: readonly T[];
}

/**
 * Splits examples class by class. A group belongs to the class of its first example, and is held out whole where it still
 * fits the class's share. Fails where a class would have nothing on one side.
 */
export function splitExamples<T extends { readonly label: string | number }>(
  examples: readonly T[],
  { heldOut: share = 0.2, seed = 0, groupOf }: SplitOptions<T> = {},
): Split<T> {
  if (!(share > 0 && share < 1)) {
    throw new Error(`[peftjs/data] heldOut is ${share}: give the share that is held out, between 0 and 1`);
  }
  if (!Number.isSafeInteger(seed)) throw new Error(`[peftjs/data] seed is ${seed}: give a whole number`);
  const held = new Set<T>();
  for (const [i, [label, groups]] of [...groupsByClass(examples, groupOf)].entries()) {
    const total = groups.reduce((sum, group) => sum + group.length, 0);
    let room = Math.min(total - 1, Math.max(1, Math.round(share * total)));
    let left = total;
    for (const index of permutation(groups.length, seed, i)) {
      const group = groups[index]!;
      if (group.length > room) continue;
      for (const example of group) held.add(example);
      room -= group.length;
      left -= group.length;
    }
    if (left === total) {
      throw new Error(
        `[peftjs/data] of the class "${label}" nothing can be held out: it has ${total} examples in ${groups.length} groups. Give more of it`,
      );
    }
  }
  return { train: examples.filter((e) => !held.has(e)), heldOut: examples.filter((e) => held.has(e)) };
}

/** The groups of each class in the order of the data. */
function groupsByClass<T extends { readonly label: string | number }>(
  examples: readonly T[],
  groupOf: ((example: T) => string) | undefined,
): ReadonlyMap<string, readonly T[][]> {
  const groups = new Map<string | T, T[]>();
  for (const example of examples) {
    const key = groupOf === undefined ? example : groupOf(example);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [example]);
    else group.push(example);
  }
  const classes = new Map<string, T[][]>();
  for (const group of groups.values()) {
    const label = String(group[0]!.label);
    const found = classes.get(label);
    if (found === undefined) classes.set(label, [group]);
    else found.push(group);
  }
  return classes;
}
