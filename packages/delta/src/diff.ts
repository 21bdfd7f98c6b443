// The change from a base to a tuned model as a delta folder, one tensor after the other.
import {
  diskFolder,
  type FileContent,
  type Folder,
  fingerprintOf,
  isFileName,
  sha256,
  type TensorDigest,
  type WritableFolder,
} from '@peftjs/checkpoint';
import { quote, safetensorsChunks, type TensorToWrite } from '@peftjs/safetensors';
import type { Codec, Encoded, Pause, TensorBytes, TensorKind } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { DeltaError } from './delta-error.ts';
import {
  encodeManifest,
  type Facts,
  type Item,
  MANIFEST_FILE,
  type Manifest,
  type Payload,
  type Section,
  type Slot,
  storedName,
} from './manifest.ts';
import { factsOf, type ModelSource, modelSource } from './model-source.ts';
import { pauseFor } from './pause.ts';
import { type DeltaRun, progressOf } from './progress.ts';
import { bytesOf, isSameKind, zeroBytes } from './tensor-bytes.ts';

export interface DiffOptions extends DeltaRun {
  /** What the base is called in the delta; its folder when left out. */
  readonly baseName?: string | undefined;
  /** Whether what the tuned model lacks is kept, so that it can be undone. True when left out. */
  readonly reversible?: boolean | undefined;
  /** Bytes of tensors that share a file of the delta, which is in memory while it is made; 64 MiB when left out. */
  readonly shardBytes?: number | undefined;
}

/** What came of a diff. */
export interface DiffResult {
  readonly manifest: Manifest;
  /** Of the delta's files with the changes. */
  readonly bytes: number;
}

interface Key {
  readonly section: Section;
  readonly name: string;
  readonly bytes: number;
}

/**
 * Writes the delta from `base` to `tuned`, folders or paths, to `out`, all or nothing. What is the same in both is named
 * by its hash, what has another shape or dtype is stored whole.
 *
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta');
 */
export async function diff(
  base: string | Folder,
  tuned: string | Folder,
  out: string | WritableFolder,
  options: DiffOptions = {},
): Promise<DiffResult> {
  const { baseName, reversible = true, shardBytes = 2 ** 26, signal } = options;
  const [before, after] = [await modelSource(base), await modelSource(tuned)];
  const keys = [...(await unionOf(before, after, 'tensors')), ...(await unionOf(before, after, 'files'))];
  const groups = groupsOf(keys, shardBytes);
  const items = { tensors: new Map<string, Item>(), files: new Map<string, Item>() };
  const tell = progressOf(
    options,
    'writing',
    keys.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const encoder: Encoder = { before, after, reversible, codec: exact(), pause: pauseFor(signal) };
  let written = 0;

  const shards = groups.map((_, i) => shardName(i, groups.length));
  async function* shard(group: readonly Key[]) {
    const parts: Part[] = [];
    for (const { section, name, bytes } of group) {
      await encoder.pause();
      const made = await itemOf(encoder, section, name);
      items[section].set(name, made.item);
      parts.push(...made.parts);
      tell(name, bytes);
    }
    yield* counted(partChunks(parts), (bytes) => {
      written += bytes;
    });
  }
  let manifest: Manifest | null = null;
  async function* json() {
    const about = async (model: ModelSource, side: 'before' | 'after') => ({
      name: model.name,
      fingerprint: await fingerprintOf(digestsOf(items.tensors, side)),
      metadata: model.metadata,
    });
    const [from, to] = [await about(before, 'before'), await about(after, 'after')];
    manifest = {
      base: { ...from, name: baseName ?? from.name },
      tuned: to,
      original: to.fingerprint,
      shards,
      ...items,
    };
    yield await encodeManifest(manifest);
  }
  const files = new Map<string, FileContent>(groups.map((group, i) => [shards[i] as string, shard(group)]));
  await (typeof out === 'string' ? diskFolder(out) : out).replace(files.set(MANIFEST_FILE, json()));
  return { manifest: manifest as unknown as Manifest, bytes: written };
}

function* digestsOf(items: ReadonlyMap<string, Item>, side: 'before' | 'after'): Generator<TensorDigest> {
  for (const [name, { [side]: facts }] of items) if (facts) yield { name, ...facts };
}

async function unionOf(before: ModelSource, after: ModelSource, section: Section): Promise<readonly Key[]> {
  const [old, fresh] = [await before.names(section), await after.names(section)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().map((name) => {
    if (section === 'files' && !isFileName(name)) throw new DeltaError(`${quote(name)} is no name of a file`);
    const sizes = [old.get(name), fresh.get(name)].map((kind) => (kind ? bytesOf(kind) : 0));
    return { section, name, bytes: Math.max(...sizes) };
  });
}

/** Neighbors together, as far as they fit; one that does not fit is alone. */
function groupsOf(keys: readonly Key[], most: number): readonly (readonly Key[])[] {
  const groups: Key[][] = [[]];
  let size = 0;
  for (const key of keys) {
    if (size > 0 && size + key.bytes > most) {
      groups.push([]);
      size = 0;
    }
    (groups.at(-1) as Key[]).push(key);
    size += key.bytes;
  }
  return groups;
}

function shardName(index: number, count: number): string {
  const number = (n: number) => String(n).padStart(5, '0');
  return count === 1 ? 'delta.safetensors' : `delta-${number(index + 1)}-of-${number(count)}.safetensors`;
}

interface Encoder {
  readonly before: ModelSource;
  readonly after: ModelSource;
  readonly reversible: boolean;
  readonly codec: Codec;
  readonly pause: Pause;
}

interface Part extends TensorKind {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** What the manifest says of one tensor or file, and what the delta's file holds of it. */
async function itemOf(
  encoder: Encoder,
  section: Section,
  name: string,
): Promise<{ item: Item; parts: readonly Part[] }> {
  const { reversible, codec, pause } = encoder;
  const [old, fresh] = [await encoder.before.open(section, name), await encoder.after.open(section, name)];
  const [before, after] = [old && (await factsOf(old)), fresh && (await factsOf(fresh))];
  const parts: Part[] = [];
  const payloads: { [slot in Slot]?: Payload } = {};
  const store = async (slot: Slot, from: TensorBytes, to: TensorBytes, kind: Facts) => {
    const tensor = { dtype: kind.dtype, shape: kind.shape };
    const encoded = await codec.encode({ tensor, base: from, tuned: to }, pause);
    parts.push(...partsOf(encoded, (part) => storedName(section, name, slot, part)));
    payloads[slot] = await payloadOf(codec.id, encoded, 0);
  };
  if (old && fresh && before && after && isSameKind(before, after)) {
    if (before.sha256 !== after.sha256) await store('change', old, fresh, after);
  } else {
    if (fresh && after) await store('after', zeroBytes(fresh.bytes), fresh, after);
    if (old && before && reversible) await store('before', zeroBytes(old.bytes), old, before);
  }
  return { item: { before, after, payloads }, parts };
}

function partsOf({ parts }: Encoded, nameOf: (part: string) => string): readonly Part[] {
  return Object.entries(parts).map(([part, { dtype, shape, chunks }]) => ({
    name: nameOf(part),
    dtype,
    shape,
    chunks,
  }));
}

async function payloadOf(codec: string, { meta, parts }: Encoded, error: number): Promise<Payload> {
  const records: Record<string, { bytes: number; sha256: string }[]> = {};
  for (const [part, { chunks }] of Object.entries(parts)) {
    records[part] = [];
    for (const chunk of chunks) records[part].push({ bytes: chunk.length, sha256: await sha256(chunk) });
  }
  return { codec, meta, error, parts: records };
}

/** A safetensors file of the parts. */
function partChunks(parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  return safetensorsChunks(
    parts.map(({ name, dtype, shape, chunks }) => ({ name, dtype, shape, data: () => joined(chunks) })),
  );
}

function joined(chunks: readonly Uint8Array[]): TensorToWrite['data'] {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function* counted(parts: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    count(part.length);
    yield part;
  }
}
