import type { Folder, Provenance, TrustOptions } from '@peftjs/checkpoint';
import { type Item, isSame, type ModelRecord } from './manifest.ts';
import { openDelta, payloadsOf } from './open-delta.ts';
import { bytesOf } from './tensor-bytes.ts';

/** What a delta holds, without a byte of its changes having been read. */
export interface DeltaContents {
  readonly location: string;
  /** Names the delta by its content. */
  readonly hash: string;
  readonly base: ModelRecord;
  readonly tuned: ModelRecord;
  /** Of the manifest and the files with the changes, and of the tuned model's tensors. */
  readonly bytes: number;
  readonly tunedBytes: number;
  /** How many tensors are the same, have changed, are new or of another kind, are gone. */
  readonly same: number;
  readonly changed: number;
  readonly whole: number;
  readonly removed: number;
  /** Files beside the weights that are not the same. */
  readonly files: readonly string[];
  /** Of each codec: how many payloads it stored, in how many bytes, and the largest error of them. */
  readonly codecs: Readonly<Record<string, { readonly count: number; readonly bytes: number; readonly error: number }>>;
  /** Whether the base can be had back from the tuned model. */
  readonly reversible: boolean;
  /** Null where the folder says nothing. */
  readonly provenance: Provenance | null;
}

/** @throws where the folder is no delta, or its files contradict each other */
export async function inspect(source: string | Folder, trust: TrustOptions = {}): Promise<DeltaContents> {
  const { location, hash, manifest, bytes, provenance } = await openDelta(source, trust);
  const tensors = [...manifest.tensors.values()];
  const count = (is: (item: Item) => boolean) => tensors.filter(is).length;
  const codecs: Record<string, DeltaContents['codecs'][string]> = {};
  for (const [, , , { codec, error, parts }] of payloadsOf(manifest)) {
    const before = codecs[codec] ?? { count: 0, bytes: 0, error: 0 };
    const size = Object.values(parts)
      .flat()
      .reduce((sum, chunk) => sum + chunk.bytes, 0);
    codecs[codec] = { count: before.count + 1, bytes: before.bytes + size, error: Math.max(before.error, error) };
  }
  const all = [...tensors, ...manifest.files.values()];
  return {
    location,
    hash,
    base: manifest.base,
    tuned: manifest.tuned,
    bytes,
    tunedBytes: tensors.reduce((sum, { after }) => sum + (after ? bytesOf(after) : 0), 0),
    same: count(isSame),
    changed: count(({ payloads }) => payloads.change !== undefined),
    whole: count(({ payloads }) => payloads.after !== undefined),
    removed: count(({ after }) => after === null),
    files: [...manifest.files].filter(([, item]) => !isSame(item)).map(([name]) => name),
    codecs,
    reversible:
      all.every(({ payloads: { change, correction } }) => !change?.forward && (!change?.error || correction)) &&
      all.every(
        ({ before, payloads }) => before === null || payloads.after === undefined || payloads.before !== undefined,
      ) &&
      all.every(({ after, payloads }) => after !== null || payloads.before !== undefined),
    provenance,
  };
}
