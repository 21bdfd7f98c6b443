// `delta.json`: what a delta changes, which hashes come before and after, and which chunks the changes are stored in.
import { encodeJson, type Json, sha256 } from '@peftjs/checkpoint';
import type { Meta, TensorKind } from './codec.ts';
import { isSameKind } from './tensor-bytes.ts';

export const MANIFEST_FILE = 'delta.json';
export const FORMAT = 3;

/** A tensor, or a side file as a row of bytes, in one of the two models. */
export interface Facts extends TensorKind {
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface ChunkRecord {
  readonly bytes: number;
  readonly sha256: string;
}

/** An encoded change. Its parts lie in the delta's files as `storedName` says. */
export interface Payload {
  readonly codec: string;
  readonly meta: Meta;
  /** Of a change that was stored without what only undoing it takes. */
  readonly forward?: true;
  /** Size of what is missing over the size of the change; 0 of an exact codec. */
  readonly error: number;
  readonly parts: { readonly [name: string]: readonly ChunkRecord[] };
}

/**
 * The change from before to after, or all of one of them, encoded as its difference from zeros. A lossy change can have a
 * correction: from what undoing it gives to what was before.
 */
export type Slot = 'change' | 'correction' | 'before' | 'after';

export interface Item {
  readonly before: Facts | null;
  readonly after: Facts | null;
  readonly payloads: { readonly [slot in Slot]?: Payload };
}

/** What a delta speaks of: a model's tensors, and the files beside them. */
export type Section = 'tensors' | 'files';

export interface ModelRecord {
  readonly name: string;
  readonly fingerprint: string;
  /** `__metadata__` of its weights. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly base: ModelRecord;
  /** What applying the delta gives. */
  readonly tuned: ModelRecord;
  /** The fingerprint of the model that was given: of a lossy delta not what applying it gives. */
  readonly original: string;
  /** Files with the parts. */
  readonly shards: readonly string[];
  readonly tensors: ReadonlyMap<string, Item>;
  readonly files: ReadonlyMap<string, Item>;
}

/** The name of a part in the delta's files. */
export function storedName(section: Section, name: string, slot: Slot, part: string): string {
  return `${section}/${name}#${slot}.${part}`;
}

/** Whether before and after are the same. */
export function isSame({ before, after }: Item): boolean {
  return before !== null && after !== null && isSameKind(before, after) && before.sha256 === after.sha256;
}

/** `digest` of the manifest: of what it says besides, as it is written. */
export async function digestOf(json: { readonly [key: string]: Json }): Promise<string> {
  const { digest: _, ...rest } = json;
  return `sha256:${await sha256(encodeJson(rest, MANIFEST_FILE))}`;
}

export async function encodeManifest(manifest: Manifest): Promise<Uint8Array> {
  const items = (all: ReadonlyMap<string, Item>) =>
    Object.fromEntries([...all].map(([name, item]) => [name, itemToJson(item)]));
  const { base, tuned, original, shards, tensors, files } = manifest;
  const value = { format: FORMAT, base, tuned, original, shards, tensors: items(tensors), files: items(files) };
  const json = value as unknown as { readonly [key: string]: Json };
  return encodeJson({ ...json, digest: await digestOf(json) }, MANIFEST_FILE);
}

/** Of what is the same both sides are said once. */
function itemToJson(item: Item): Json {
  const { before, after, payloads } = item;
  return (isSame(item) ? { same: before } : { before, after, ...wrap(payloads) }) as unknown as Json;
}

function wrap(payloads: Item['payloads']): object {
  return Object.keys(payloads).length === 0 ? {} : { payloads };
}
