/** Whether a model is the base that an adapter or delta was made for; if not, which one would be. */
import { nearest, quote } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import type { Provenance } from './provenance.ts';

/** A model's name and the fingerprint of its weights. */
export type KnownBase = Provenance['base'];

/** Throws where an adapter says that it was made for other weights than `actual`. One that says nothing passes. */
export function checkBase(
  provenance: Provenance | null,
  actual: KnownBase,
  /** Models that the error may name. */
  known: Iterable<KnownBase> = [],
): void {
  if (provenance === null || provenance.base.fingerprint === actual.fingerprint) return;
  const made = provenance.base;
  throw new CheckpointError(
    `the adapter was made for ${quote(made.name)} (${made.fingerprint}), ` +
      `this base is ${quote(actual.name)} (${actual.fingerprint}); load it onto the base it was made for${knownBase(made, actual.fingerprint, known)}`,
  );
}

/**
 * Words for the end of an error: what a base is called here, or else the known model whose name is nearest to its own.
 *
 * @param found fingerprint of the model that was given in its place, which is no help
 */
export function knownBase(wanted: KnownBase, found: string | null, known: Iterable<KnownBase>): string {
  const all = [...known].filter(({ fingerprint }) => fingerprint !== found);
  const same = all.filter(({ fingerprint }) => fingerprint === wanted.fingerprint).map(({ name }) => quote(name));
  if (same.length > 0) return `, known here as ${[...new Set(same)].join(', ')}`;
  const lastPart = (name: string) => name.slice(name.search(/[^\\/]*$/));
  const byPart = new Map(all.map((one) => [lastPart(one.name), one]));
  const near = byPart.get(nearest(lastPart(wanted.name), byPart.keys()) ?? '');
  return near === undefined ? '' : `; nearest known name: ${quote(near.name)} (${near.fingerprint})`;
}
