// Deltas one after the other as one delta, without any of the models: exact changes add up.
import type { Folder, TrustOptions, WritableFolder } from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import type { Codec, Pause, Summand } from './codec.ts';
import { type CodecFor, codecsFor } from './codec-for.ts';
import { DeltaError } from './delta-error.ts';
import { type Facts, type Item, isSame, type Section } from './manifest.ts';
import type { Key } from './model-source.ts';
import { type OpenDelta, openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { bytesOf, isSameKind } from './tensor-bytes.ts';
import { type Changes, type DiffResult, type Made, type WriteOptions, writeDelta } from './write-delta.ts';

export interface ChainOptions extends WriteOptions, TrustOptions {
  /** What reads the changes beside `exact()`. */
  readonly codecs?: readonly Codec[] | undefined;
}

/**
 * Writes to `out` the one delta that does what these do one after the other, the first on the base, each next on what the
 * one before it gives. All of it is reversible that was reversible in each.
 *
 * @throws where one was not made for what the one before it gives, or was stored by a codec whose changes do not add up
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

/** A tensor's way through the deltas. What a step stores whole is a change from zeros, so that all of it is sums. */
async function compose(links: readonly Link[], { section, name }: Key, pause: Pause): Promise<Made> {
  const steps = links.map((link) => ({ ...link, item: link.delta.manifest[section].get(name) ?? NOWHERE }));
  type Step = (typeof steps)[number];
  const [before, after] = [steps[0]?.item.before ?? null, steps.at(-1)?.item.after ?? null];
  const term = ({ delta, codecFor, item }: Step, slot: keyof Item['payloads'], sign: 1 | -1) => {
    const codec = codecFor(item.payloads[slot]?.codec as string);
    const summand: Summand = { stored: delta.stored(section, name, slot), sign };
    return { codec, summand, location: delta.location };
  };
  type Term = ReturnType<typeof term>;
  const changesOf = (some: readonly Step[], sign: 1 | -1) =>
    some.filter(({ item }) => item.payloads.change).map((step) => term(step, 'change', sign));
  const last = steps.findLastIndex(({ item }) => item.payloads.after);
  const first = steps.findIndex(({ item }) => item.payloads.before);
  /** What makes the tuned tensor of zeros, and the base's; null where no step has it whole. */
  const tuned = last < 0 ? null : [term(steps[last] as Step, 'after', 1), ...changesOf(steps.slice(last + 1), 1)];
  const base = first < 0 ? null : [term(steps[first] as Step, 'before', 1), ...changesOf(steps.slice(0, first), -1)];
  const negated = (terms: readonly Term[]) =>
    terms.map((one) => ({ ...one, summand: { ...one.summand, sign: -one.summand.sign as 1 | -1 } }));

  const at = `${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)}`;
  const sum = async (terms: readonly Term[], { dtype, shape }: Facts) => {
    const { codec } = terms[0] as Term;
    const other = terms.find((one) => one.codec.id !== codec.id || one.codec.add === undefined);
    if (other || codec.add === undefined)
      throw new DeltaError(
        `${(other ?? (terms[0] as Term)).location}: ${at} was stored by the codec ${quote((other?.codec ?? codec).id)}, whose changes do not add up with the others; apply the deltas one after the other`,
      );
    const summands = terms.map(({ summand }) => summand);
    return { codec: codec.id, error: 0, encoded: await codec.add(summands, { dtype, shape }, pause) };
  };
  let changes: Changes = {};
  if (before && after && isSameKind(before, after)) {
    if (isSame({ before, after, payloads: {} })) return { before, after, changes };
    if (tuned && !base)
      throw new DeltaError(
        `${at} was replaced and came back, and what it was is not stored; make the delta from the models`,
      );
    const terms = tuned && base ? [...tuned, ...negated(base)] : changesOf(steps, 1);
    return { before, after, changes: { change: await sum(terms, after) } };
  }
  if (after && tuned) changes = { after: await sum(tuned, after) };
  if (before && base) changes = { ...changes, before: await sum(base, before) };
  return { before, after, changes };
}
