// The changes of one tensor or file in deltas that follow each other, as one: kept one after the other, without any of the models.
import { quote } from '@peftjs/safetensors';
import type { Pause } from './codec.ts';
import type { CodecFor } from './codec-for.ts';
import { exact } from './codecs/exact.ts';
import { encodeSteps, inOrder, STEPS, type Step, type StoredChange, stepsIn } from './codecs/steps.ts';
import { DeltaError } from './delta-error.ts';
import { encodeChange, storedInMemory } from './encode-change.ts';
import { joinSteps } from './join-steps.ts';
import { type Facts, type Item, isSame, type Payload, type Section, type Slot } from './manifest.ts';
import type { Key } from './model-source.ts';
import type { OpenDelta } from './open-delta.ts';
import { bytesOf, isSameKind, streamedBytes, zeroBytes } from './tensor-bytes.ts';
import type { Changes } from './write-delta.ts';

/** A delta with what reads its changes. */
export interface Link {
  readonly delta: OpenDelta;
  readonly codecFor: CodecFor;
}

/** Its way through the deltas, and its sides at both ends, which differ. */
export interface Way {
  readonly key: Key;
  readonly path: readonly Item[];
  readonly before: Facts | null;
  readonly after: Facts | null;
}

/**
 * What a step stores whole is a change from zeros. Where both the base's tensor and the tuned one are stored whole, the change
 * between them is made anew.
 */
export async function inSteps(links: readonly Link[], way: Way, pause: Pause): Promise<Changes> {
  const { path, before, after } = way;
  const { section, name } = way.key;
  const at = `${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)}`;
  const stepsOf = (k: number, slot: 'change' | 'before' | 'after') =>
    stored(links[k] as Link, path[k] as Item, [section, name, slot]);
  const changesOf = (from: number, to: number) =>
    path.slice(from, to).flatMap(({ payloads }, k) => (payloads.change ? stepsOf(from + k, 'change') : []));
  const last = path.findLastIndex(({ payloads }) => payloads.after);
  const first = path.findIndex(({ payloads }) => payloads.before);
  /** What makes the tuned tensor of zeros, and the base's; null where no delta has it whole. */
  const tuned = last < 0 ? null : [...stepsOf(last, 'after'), ...changesOf(last + 1, path.length)];
  const base = first < 0 ? null : [...stepsOf(first, 'before'), ...back(changesOf(0, first))];
  const { codecFor } = links[0] as Link;
  const walked = async (steps: readonly Step[], facts: Facts) => {
    const stored = storedInMemory(await encodeSteps(steps));
    const bytes = bytesOf(facts);
    return streamedBytes(inOrder(codecFor).decode(stored, zeroBytes(bytes), facts), bytes);
  };

  if (before && after && isSameKind(before, after)) {
    if (!tuned) return joinSteps(changesOf(0, path.length), at);
    if (!base)
      throw new DeltaError(
        `${at} was replaced and came back, and what it was is not stored; give the base, or make the delta from the models`,
      );
    const change = { tensor: after, base: await walked(base, before), tuned: await walked(tuned, after) };
    const { changes } = await encodeChange(exact(), change, { reversible: true, pause });
    return changes;
  }
  let changes: Changes = {};
  if (after && tuned) changes = { after: (await joinSteps(tuned, at)).change };
  if (before && base) changes = { ...changes, before: (await joinSteps(base, at)).change };
  return changes;
}

/** The same steps, gone back. */
function back(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, sign: -step.sign as 1 | -1 })).reverse();
}

/** What a delta stores in a slot: a step, or those of a chain. */
function stored(
  { delta, codecFor }: Link,
  item: Item,
  [section, name, slot]: readonly [Section, string, 'change' | 'before' | 'after'],
): readonly Step[] {
  const there = (which: Slot): StoredChange => {
    const { codec, parts } = item.payloads[which] as Payload;
    return { codec, stored: delta.stored(section, name, which), parts: Object.keys(parts) };
  };
  const change = there(slot);
  if (change.codec === STEPS) return stepsIn(change.stored, change.parts);
  const correction = slot === 'change' && item.payloads.correction ? there('correction') : null;
  if (isOneWay(item, slot, codecFor))
    throw new DeltaError(
      `${delta.location}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)} cannot be undone, since the delta was made without what undoing ${quote(change.codec)} takes; ` +
        'make it with that, give the base, or apply the deltas one after the other',
    );
  const { error } = item.payloads[slot] as Payload;
  return [{ change, correction, sign: 1, error }];
}

/** Whether what undoing takes was left out. */
function isOneWay({ payloads }: Item, slot: 'change' | 'before' | 'after', codecFor: CodecFor): boolean {
  const { codec, error, forward } = payloads[slot] as Payload;
  return forward === true || (error > 0 && !payloads.correction && !codecFor(codec).lossless);
}

/** Bytes of the changes as they are; infinite where one was stored whole, or can not be undone. */
export function bytesInSteps(links: readonly Link[], path: readonly Item[]): number {
  const canBe = path.every(
    (item, k) => isSame(item) || (item.payloads.change && !isOneWay(item, 'change', (links[k] as Link).codecFor)),
  );
  if (!canBe) return Number.POSITIVE_INFINITY;
  const parts = path.flatMap(({ payloads }) => Object.values(payloads)).flatMap(({ parts }) => Object.values(parts));
  return parts.flat().reduce((sum, { bytes }) => sum + bytes, 0);
}
