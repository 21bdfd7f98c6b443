// What deltas one after the other make of a base that is at hand, as one exact change of it: in streams, no model is written.
import { quote } from '@peftjs/safetensors';
import type { Pause } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { DeltaError } from './delta-error.ts';
import { encodeChange, encodeWhole } from './encode-change.ts';
import type { Link } from './in-steps.ts';
import type { Facts } from './manifest.ts';
import { factsOf, type Key, type Readable } from './model-source.ts';
import { FORWARD, type Run, restored } from './restore-model.ts';
import { bytesOf, isSameKind, streamedBytes } from './tensor-bytes.ts';
import type { Changes } from './write-delta.ts';

/** The exact change of a tensor or file from the base to what the last of the deltas gives. */
export type ExactChange = (key: Key) => Promise<Changes>;

/** @param base whose tensors are those that the first delta was made for */
export function exactOverBase(links: readonly Link[], base: Readable, pause: Pause): ExactChange {
  const tuned = links.reduce((known, link) => streamedModel({ way: FORWARD, known, pause, ...link }), base);
  return async (key) => {
    const { section, name } = key;
    const fresh = await tuned.open(section, name);
    const expected = links[0]?.delta.manifest[section].get(name)?.before ?? null;
    const old = expected && (await base.open(section, name));
    if (section === 'files' && expected && (old === null || (await factsOf(old)).sha256 !== expected.sha256))
      throw new DeltaError(
        `${base.name} has ${old ? 'another' : 'no'} file ${quote(name)} than ${links[0]?.delta.location} was made for; take the base's own`,
      );
    if (!(old && fresh && isSameKind(old, fresh))) return encodeWhole(old, fresh, true, pause);
    const change = { tensor: fresh, base: old, tuned: fresh };
    return (await encodeChange(exact(), change, { reversible: true, pause })).changes;
  };
}

/** What a delta makes of a model, to be read from its beginning to its end, where it is checked. */
function streamedModel(run: Run): Readable {
  const { manifest, location } = run.delta;
  return {
    name: location,
    async open(section, name) {
      const facts = manifest[section].get(name)?.after;
      return facts ? checkedStream(run, { section, name, bytes: bytesOf(facts) }, facts) : null;
    },
  };
}

function checkedStream(run: Run, { section, name, bytes }: Key, { dtype, shape }: Facts) {
  const pieces = restored(run, section, name);
  const stream = streamedBytes(pieces, bytes);
  return {
    ...{ dtype, shape, bytes },
    async read(begin: number, end: number) {
      const piece = await stream.read(begin, end);
      // The hash is compared after the last piece.
      if (end === bytes) for await (const _ of pieces);
      return piece;
    },
  };
}
