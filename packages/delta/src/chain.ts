// Deltas one after the other as one delta: their changes are kept one after the other, or, with the base at hand, made one.
import type { Folder, WritableFolder } from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import type { Pause } from './codec.ts';
import { codecsFor } from './codec-for.ts';
import { DeltaError } from './delta-error.ts';
import { type ExactChange, exactOverBase } from './exact-over-base.ts';
import { bytesInSteps, inSteps, type Link } from './in-steps.ts';
import { type Item, isSame, type Section } from './manifest.ts';
import type { Key } from './model-source.ts';
import { type OpenDelta, openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { FORWARD, prepare, type RestoreOptions } from './restore-model.ts';
import { bytesOf } from './tensor-bytes.ts';
import { type Changes, type DiffResult, type Made, type WriteOptions, writeDelta } from './write-delta.ts';

export interface ChainOptions extends WriteOptions, RestoreOptions {
  /**
   * The model that the first delta was made for. With it the changes of a tensor become one, exact, where that takes fewer
   * bytes than all of them do.
   */
  readonly base?: string | Folder | undefined;
}

/**
 * Writes to `out` the one delta that does what these do one after the other, the first on the base, each next on what the
 * one before it gives. Nothing is lost that these have not lost: what the chain gives, and gives back, is bit for bit theirs.
 *
 * @throws where one was not made for what the one before it gives, the base is another one, or, without it, where a delta loses
 * something and was made without what undoing it takes
 * @example
 * await chain(['out/monday', 'out/tuesday'], 'out/both', { base: 'models/base' });
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
  const anew = await exactChanges(links, pause, options);
  return writeDelta(out, { keys, base, tuned, story, pause, make: (key) => compose(links, key, anew, pause) }, options);
}

/** Null without the base. It is checked first: over another one nothing is made. */
async function exactChanges(links: readonly Link[], pause: Pause, options: ChainOptions): Promise<ExactChange | null> {
  if (options.base === undefined) return null;
  const { delta, codecFor } = links[0] as Link;
  const { known } = await prepare(FORWARD, options.base, delta, codecFor, pause, options);
  return exactOverBase(links, known, pause);
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

const NOWHERE: Item = { before: null, after: null, payloads: {} };

async function compose(links: readonly Link[], key: Key, anew: ExactChange | null, pause: Pause): Promise<Made> {
  const path = links.map(({ delta }) => delta.manifest[key.section].get(key.name) ?? NOWHERE);
  const [before, after] = [path[0]?.before ?? null, path.at(-1)?.after ?? null];
  if (isSame({ before, after, payloads: {} })) return { before, after, changes: {} };
  const one = anew && (await anew(key));
  if (one && sizeOf(one) <= bytesInSteps(links, path)) return { before, after, changes: one };
  return { before, after, changes: await inSteps(links, { key, path, before, after }, pause) };
}

/** Bytes of what is to be stored. */
function sizeOf(changes: Changes): number {
  const chunks = Object.values(changes).flatMap(({ encoded }) => Object.values(encoded.parts).flatMap((p) => p.chunks));
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
