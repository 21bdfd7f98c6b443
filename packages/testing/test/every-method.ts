// The methods of every package, for the suites that run over all of them. A package brings its own in
// `test/tested-methods.ts`, which is found by its name: there is no list of packages to add one to.
import type { Family, Host, Method } from '@peftjs/core';
import type { GoldenOptions } from '@peftjs/testing';

/** What a package's `test/tested-methods.ts` exports as `testedMethods`. */
export interface TestedMethods {
  /** What reads its adapters: golden cases, and variants that were saved. */
  readonly families: readonly Family[];
  /** Adapters by name, small enough to be stacked, on a model of any architecture. */
  readonly variants: Readonly<Record<string, (host: Host) => readonly Method[]>>;
  /** What is done after each step of a golden case that asks for it. */
  readonly after?: NonNullable<GoldenOptions['after']>;
}

const files = import.meta.glob<TestedMethods>('../../*/test/tested-methods.ts', {
  eager: true,
  import: 'testedMethods',
});
const tested = Object.values(files);

export const FAMILIES: readonly Family[] = tested.flatMap(({ families }) => families);

export const AFTER: NonNullable<GoldenOptions['after']> = (about, adapter) =>
  tested.flatMap(({ after }) => after?.(about, adapter) ?? []);

/** The names of all variants. */
export const VARIANTS: readonly string[] = tested.flatMap(({ variants }) => Object.keys(variants));

const twice = VARIANTS.find((name, i) => VARIANTS.indexOf(name) !== i);
if (twice) throw new Error(`two packages have a variant "${twice}" in test/tested-methods.ts; rename one`);

/** The methods of a variant, for one adapter of this host. */
export function makeVariant(name: string, host: Host): readonly Method[] {
  const make = tested.map(({ variants }) => variants[name]).find((found) => found);
  if (!make) throw new Error(`no package has a variant "${name}" in test/tested-methods.ts; there are: ${VARIANTS}`);
  return make(host);
}
