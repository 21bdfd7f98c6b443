// Deltas one after the other as one delta, without any of the models: their changes are kept one after the other.
import type { Folder, TrustOptions, WritableFolder } from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import type { Codec, Pause } from './codec.ts';
import { type CodecFor, codecsFor } from './codec-for.ts';
import { exact } from './codecs/exact.ts';
import { encodeSteps, inOrder, STEPS, type Step, type StoredChange, stepsIn } from './codecs/steps.ts';
import { DeltaError } from './delta-error.ts';
import { encodeChange, storedInMemory } from './encode-change.ts';
import { joinSteps } from './join-steps.ts';
import { type Facts, type Item, isSame, type Payload, type Section, type Slot } from './manifest.ts';
import type { Key } from './model-source.ts';
import { type OpenDelta, openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { bytesOf, isSameKind, streamedBytes, zeroBytes } from './tensor-bytes.ts';
import { type Changes, type DiffResult, type Made, type WriteOptions, writeDelta } from './write-delta.ts';

export interface ChainOptions extends WriteOptions, TrustOptions {
  /** What reads the changes beside `exact()`. */
  readonly codecs?: readonly Codec[] | undefined;
}

/**
 * Writes to `out` the one delta that does what these do one after the other, the first on the base, each next on what the
 * one before it gives. Nothing is lost that these have not lost: what the chain gives, and gives back, is bit for bit theirs.
 *
 * @throws where one was not made for what the one before it gives, or loses something and was made without what undoing it takes
 * @example
 * await chain(['out/monday', 'out/tuesday'], 'out/both');
 */
export async function chain(
  deltas: readonly (string | Folder)[],
  out: string | WritableFolder,
  options: ChainOptions = {},
): Promise<DiffResult> {
  const opened: OpenDelta[] = [];
  for (const delta of deltas) opened.push(await openDelta(delta, options));
  const [first, last] = [opened[0], opened.at(-1)];
  if (first === undefined || last === undefined) throw new DeltaError('a chain of no deltas; give at least one');
  for (const [i, next] of opened.slice(1).entries()) checkLink(opened[i] as OpenDelta, next);
  const pause = pauseFor(options.signal);
  const links = opened.map((delta) => ({ delta, codecFor: codecsFor(delta, options.codecs) }));
  const keys = [...keysOf(opened, 'tensors'), ...keysOf(opened, 'files')];
  const { base } = first.manifest;
  const { tuned } = last.manifest;
  const story = () => ({ parents: opened.flatMap(linksOf), recipe: CHAINED });
  return writeDelta(out, { keys, base, tuned, story, pause, make: (key) => compose(links, key, pause) }, options);
}

/** The recipe of a delta that is a chain of others. */
const CHAINED = { made: 'chain' } as const;

/** A delta, or those that it is a chain of. */
function linksOf({ hash, provenance }: OpenDelta): readonly string[] {
  return provenance?.recipe?.made === CHAINED.made ? (provenance.parents ?? []) : [hash];
}

function checkLink(earlier: OpenDelta, later: OpenDelta): void {
  const [gives, takes] = [earlier.manifest.tuned, later.manifest.base];
  if (gives.fingerprint !== takes.fingerprint)
    throw new DeltaError(
      `${earlier.location} gives ${gives.fingerprint}, ${later.location} was made for ${quote(takes.name)} (${takes.fingerprint}); chain deltas that follow each other`,
    );
  const names = new Set([...earlier.manifest.files.keys(), ...later.manifest.files.keys()]);
  for (const name of names) {
    const [given, taken] = [earlier.manifest.files.get(name)?.after, later.manifest.files.get(name)?.before];
    if (given?.sha256 !== taken?.sha256)
      throw new DeltaError(`${later.location} was made for another file ${quote(name)} than ${earlier.location} gives`);
  }
}

/** What is in the first model or in the last. */
function keysOf(deltas: readonly OpenDelta[], section: Section): readonly Key[] {
  const maps = deltas.map(({ manifest }) => manifest[section]);
  const sizes = new Map<string, number>();
  const sides = [...(maps[0] ?? [])].map(([name, { before }]) => [name, before] as const);
  for (const [name, facts] of [
    ...sides,
    ...[...(maps.at(-1) ?? [])].map(([name, { after }]) => [name, after] as const),
  ])
    if (facts) sizes.set(name, Math.max(sizes.get(name) ?? 0, bytesOf(facts)));
  return [...sizes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => ({ section, name, bytes }));
}

interface Link {
  readonly delta: OpenDelta;
  readonly codecFor: CodecFor;
}

const NOWHERE: Item = { before: null, after: null, payloads: {} };

/**
 * A tensor's way through the deltas. What a step stores whole is a change from zeros. Where both the base's tensor and the tuned
 * one are stored whole, the change between them is made anew.
 */
async function compose(links: readonly Link[], { section, name }: Key, pause: Pause): Promise<Made> {
  const path = links.map(({ delta }) => delta.manifest[section].get(name) ?? NOWHERE);
  const [before, after] = [path[0]?.before ?? null, path.at(-1)?.after ?? null];
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
    if (isSame({ before, after, payloads: {} })) return { before, after, changes: {} };
    if (!tuned) return { before, after, changes: await joinSteps(changesOf(0, path.length), at) };
    if (!base)
      throw new DeltaError(
        `${at} was replaced and came back, and what it was is not stored; make the delta from the models`,
      );
    const change = { tensor: after, base: await walked(base, before), tuned: await walked(tuned, after) };
    const { changes } = await encodeChange(exact(), change, { reversible: true, pause });
    return { before, after, changes };
  }
  let changes: Changes = {};
  if (after && tuned) changes = { after: (await joinSteps(tuned, at)).change };
  if (before && base) changes = { ...changes, before: (await joinSteps(base, at)).change };
  return { before, after, changes };
}

/** The same steps, gone back. */
function back(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, sign: -step.sign as 1 | -1 })).reverse();
}

/** What a delta stores in a slot: a step, or those of a chain. */
function stored(
  { delta, codecFor }: Link,
  { payloads }: Item,
  [section, name, slot]: readonly [Section, string, 'change' | 'before' | 'after'],
): readonly Step[] {
  const there = (which: Slot): StoredChange => {
    const { codec, parts } = payloads[which] as Payload;
    return { codec, stored: delta.stored(section, name, which), parts: Object.keys(parts) };
  };
  const change = there(slot);
  if (change.codec === STEPS) return stepsIn(change.stored, change.parts);
  const { error, forward } = payloads[slot] as Payload;
  const correction = slot === 'change' && payloads.correction ? there('correction') : null;
  if (forward || (error > 0 && !correction && !codecFor(change.codec).lossless))
    throw new DeltaError(
      `${delta.location}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)} cannot be undone, since the delta was made without what undoing ${quote(change.codec)} takes; ` +
        'make it with that, or apply the deltas one after the other',
    );
  return [{ change, correction, sign: 1, error }];
}
