// Puts other numbers in the place of what a host holds, in one turn: no pass runs some of the old and some of the new.
import { engine } from '@peftjs/backend';
import { clone, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { refresh } from './change-weight.ts';
import type { Held } from './held.ts';
import type { BaseModel, Host, Undo } from './host.ts';
import { adaptersOf, assertIdle } from './registry.ts';
import type { WeightSite } from './site.ts';
import type { Weight } from './weight.ts';

export interface Replacement {
  readonly held: Held;
  /** Of a variable, or a weight that is one: a tensor of its shape, which stays the caller's. Of another weight: a weight. */
  readonly next: Weight | Tensor;
}

/**
 * Replaces what a host holds, wherever it holds it. Adapters stay, and compute anew what they derive.
 *
 * @param base what the model is from then on
 * @returns what puts the very same back, `base` too; calling it twice is calling it once
 * @throws with everything as it was: a request is under way, an adapter has changed the base's weights; when it is put
 *   back, also where another has changed it since
 */
export function replaceHeld(host: Host, replacements: readonly Replacement[], base: BaseModel): Undo {
  const place = host as { -readonly [K in keyof Host]: Host[K] };
  const before = host.base;
  assertOwn(host, `making it ${JSON.stringify(base.name)}`);
  const changes: Change[] = [];
  let isBack = false;
  const putBack = () => {
    for (const { undo } of changes.splice(0).reverse()) undo();
    place.base = before;
    refreshAll(host);
    isBack = true;
  };
  try {
    const names = heldBy(host);
    const sites = sitesByWeight(host);
    for (const { held, next } of replacements) {
      const name = names?.get(held) ?? '';
      const made =
        'encode' in next ? changesOfSites(host, sites.get(held as Weight) ?? [], next) : [changeOf(held, next, name)];
      for (const change of made) changes.push(change);
    }
    place.base = base;
    refreshAll(host);
  } catch (error) {
    putBack();
    throw error;
  }
  return () => {
    if (isBack) return;
    assertOwn(host, `making it ${JSON.stringify(before.name)} again`);
    const now = heldBy(host);
    const name = changes.find(({ isThere }) => !isThere(now))?.name;
    if (name !== undefined) throw new Error(`[peftjs/core] "${name}" has changed since; undo that first`);
    putBack();
  };
}

interface Change {
  readonly name: string;
  readonly undo: Undo;
  /** Whether what was put there still is. @param now what the host holds; null where it does not say */
  isThere(now: ReadonlyMap<Held, string> | null): boolean;
}

/** All that the host holds, by name; null where it does not say. */
function heldBy(host: Host): ReadonlyMap<Held, string> | null {
  return host.stored ? new Map(host.stored().map(({ held, name }) => [held, name])) : null;
}

function sitesByWeight(host: Host): ReadonlyMap<Weight, readonly WeightSite[]> {
  const found = new Map<Weight, WeightSite[]>();
  for (const site of host.sites())
    if ('weight' in site) found.set(site.weight, [...(found.get(site.weight) ?? []), site]);
  return found;
}

/** Makes them one after the other as they are asked for, so that each that was made can be undone. */
function* changesOfSites(host: Host, sites: readonly WeightSite[], next: Weight): Generator<Change> {
  for (const site of sites) {
    const undo = host.setWeight(site, next);
    yield { name: site.path, undo, isThere: () => site.weight === next };
  }
}

function changeOf(held: Held, next: Tensor, name: string): Change {
  const variable = 'encode' in held ? held.variable : held;
  if (variable === undefined) throw new Error(`[peftjs/core] "${name}" is not held as float32; give a weight for it`);
  const undo = assign(variable, next);
  const { dataId } = variable;
  return { name, undo, isThere: (now) => (now?.has(held) ?? true) && variable.dataId === dataId };
}

/** The variable shares the numbers of `next`, and what it had is kept. */
function assign(variable: Variable, next: Tensor): Undo {
  const before = engine().keep(clone(variable));
  const undo = () => {
    variable.assign(before);
    before.dispose();
  };
  try {
    variable.assign(next);
    return undo;
  } catch (error) {
    before.dispose();
    throw error;
  }
}

function refreshAll(host: Host): void {
  for (const site of host.sites()) refresh(host, site);
}

/** @throws when a request is under way, or an adapter has put the weights there that are to be replaced */
function assertOwn(host: Host, what: string): void {
  assertIdle(host, what);
  const owner = adaptersOf(host).find(
    ({ unmerge, attachments }) => unmerge || attachments.some(({ weight }) => weight),
  );
  if (!owner) return;
  throw new Error(
    `[peftjs/core] "${owner.name}" has changed the base's weights; unmerge it, or detach it, before ${what}`,
  );
}
