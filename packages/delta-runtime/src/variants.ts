// Which deltas are on a host, the last on top. What is on and what is not changes in one turn, or not at all.
import { type BaseModel, type Host, type Replacement, replaceHeld, type Undo } from '@peftjs/core';
import { quote } from '@peftjs/safetensors';
import type { Next } from './next-of.ts';
import { RuntimeError } from './runtime-error.ts';

export interface Variant {
  /** What it was made for. */
  readonly over: BaseModel;
  /** What the model is with it. */
  readonly model: BaseModel;
  /** By the names of what the host holds. */
  readonly next: ReadonlyMap<string, Next>;
  /** Takes it off; null while it is not on. */
  undo: Undo | null;
}

const stacks = new WeakMap<Host, readonly Variant[]>();

const stackOf = (host: Host): readonly Variant[] => stacks.get(host) ?? [];

/** What the host is, and what it was before each of the deltas that are on it. */
export function basesOf(host: Host): readonly BaseModel[] {
  const below = stackOf(host).map(({ over }) => over);
  // What has no file is read from the host, which holds the numbers of what it is now.
  return [host.base, ...below.reverse().filter(({ file }) => file !== undefined)];
}

/** Puts a variant on what it was made for; what lies there comes off. */
export function putOn(host: Host, variant: Variant): void {
  if (variant.undo) return;
  const stack = stackOf(host);
  const place = host.base === variant.over ? stack.length : stack.findIndex(({ over }) => over === variant.over);
  if (place < 0)
    throw new RuntimeError(
      `${quote(variant.model.name)} was loaded for ${quote(variant.over.name)}, the model is ${quote(host.base.name)} now; make it that again first`,
    );
  const off: Variant[] = [];
  try {
    for (const other of stack.slice(place).reverse()) {
      remove(host, other);
      off.unshift(other);
    }
    put(host, variant);
  } catch (error) {
    for (const other of off) put(host, other);
    throw error;
  }
}

export function takeOff(host: Host, variant: Variant): void {
  if (!variant.undo) return;
  const top = stackOf(host).at(-1) as Variant;
  if (top !== variant)
    throw new RuntimeError(`${quote(top.model.name)} lies on ${quote(variant.model.name)}; take it off first`);
  remove(host, variant);
}

function put(host: Host, variant: Variant): void {
  const held = new Map((host.stored?.() ?? []).map((one) => [one.name, one.held]));
  const replacements = [...variant.next].map(([name, next]): Replacement => {
    const found = held.get(name);
    if (found && ('encode' in next || !('encode' in found) || found.variable)) return { held: found, next };
    throw new RuntimeError(
      `${quote(name)} is ${found ? 'stored in another way' : 'no longer what the model holds'} since the delta was loaded; load it again`,
    );
  });
  variant.undo = replaceHeld(host, replacements, variant.model);
  stacks.set(host, [...stackOf(host), variant]);
}

function remove(host: Host, variant: Variant): void {
  variant.undo?.();
  variant.undo = null;
  stacks.set(
    host,
    stackOf(host).filter((other) => other !== variant),
  );
}
