// Writes a delta's folder: the changes tensor by tensor, in files of which one is in memory at a time, and the manifest last.
import {
  diskFolder,
  type FileContent,
  fingerprintOf,
  type Story,
  type TensorDigest,
  type WritableFolder,
} from '@peftjs/checkpoint';
import { safetensorsChunks } from '@peftjs/safetensors';
import type { Encoded, Pause, TensorKind } from './codec.ts';
import { recordFiles, type WrittenManifest } from './delta-record.ts';
import { freeMemory } from './free-memory.ts';
import { hashOf } from './hash-of.ts';
import {
  encodeManifest,
  type Facts,
  type Item,
  MANIFEST_FILE,
  type Manifest,
  type ModelRecord,
  type Payload,
  type Slot,
  storedName,
} from './manifest.ts';
import type { Key } from './model-source.ts';
import { type DeltaRun, progressOf } from './progress.ts';

/** What came of it. */
export interface DiffResult {
  readonly manifest: Manifest;
  /** Of the delta's files with the changes. */
  readonly bytes: number;
}

export interface WriteOptions extends DeltaRun {
  /** Bytes of tensors that share a file of the delta, which is in memory while it is made; 64 MiB when left out. */
  readonly shardBytes?: number | undefined;
  /** What is known of the delta besides its models: license, author, data, parents. */
  readonly story?: Story | undefined;
}

/** The encoded changes of a key, each with the codec that made it and its error. */
export type Changes = {
  readonly [slot in Slot]?: Pick<Payload, 'codec' | 'error' | 'forward'> & { readonly encoded: Encoded };
};

/** What a key was, and is once the delta is applied. */
export interface Made extends Pick<Item, 'before' | 'after'> {
  /** What it became, where a lossy codec gives another: of `after`'s kind. */
  readonly original?: Facts;
  readonly changes: Changes;
}

export interface DeltaToWrite {
  readonly keys: readonly Key[];
  readonly base: Omit<ModelRecord, 'fingerprint'>;
  readonly tuned: Omit<ModelRecord, 'fingerprint'>;
  /** What is known already of what the manifest says. */
  readonly story: (manifest: Manifest) => Story;
  readonly pause: Pause;
  /** Asked for each key in turn. */
  readonly make: (key: Key) => Promise<Made>;
  /** Whether the chunks that were made are nobody else's, and are freed once they are written. */
  readonly frees?: boolean;
}

export async function writeDelta(
  out: string | WritableFolder,
  { keys, base, tuned, story, pause, make, frees }: DeltaToWrite,
  options: WriteOptions,
): Promise<DiffResult> {
  const groups = groupsOf(keys, options.shardBytes ?? 2 ** 26);
  const shards = groups.map((_, i) => shardName(i, groups.length));
  const items = { tensors: new Map<string, Item>(), files: new Map<string, Item>() };
  const originals: TensorDigest[] = [];
  const total = keys.reduce((sum, { bytes }) => sum + bytes, 0);
  const tell = progressOf(options, 'writing', total);
  let written = 0;
  let made: WrittenManifest | null = null;
  const folder = typeof out === 'string' ? diskFolder(out) : out;

  async function* shard(group: readonly Key[]) {
    const parts: Part[] = [];
    for (const key of group) {
      await pause();
      const { before, after, changes, original = after } = await make(key);
      if (key.section === 'tensors' && original) originals.push({ name: key.name, ...original });
      items[key.section].set(key.name, { before, after, payloads: await payloadsOf(changes) });
      parts.push(...partsOf(key, changes));
      tell(key.name, key.bytes);
    }
    const tensors = parts.map(({ chunks, ...part }) => ({ ...part, data: () => chunks }));
    for await (const bytes of safetensorsChunks(tensors)) {
      written += bytes.length;
      yield bytes;
    }
    if (frees) for (const { chunks } of parts) freeMemory(chunks);
  }
  async function* json() {
    const fingerprint = (side: 'before' | 'after') => fingerprintOf(digestsOf(items.tensors, side));
    const [before, after] = [await fingerprint('before'), await fingerprint('after')];
    const manifest: Manifest = {
      base: { ...base, fingerprint: before },
      tuned: { ...tuned, fingerprint: after },
      original: await fingerprintOf(originals),
      shards,
      ...items,
    };
    const json = await encodeManifest(manifest);
    made = { manifest, json };
    yield json;
  }
  const files = new Map<string, FileContent>(groups.map((group, i) => [shards[i] as string, shard(group)]));
  const result = () => made as unknown as WrittenManifest;
  const record = await recordFiles(folder, result, (manifest) => ({ ...story(manifest), ...options.story }));
  await folder.replace(new Map([...files, [MANIFEST_FILE, json()], ...record]));
  return { manifest: result().manifest, bytes: written };
}

function* digestsOf(items: ReadonlyMap<string, Item>, side: 'before' | 'after'): Generator<TensorDigest> {
  for (const [name, { [side]: facts }] of items) if (facts) yield { name, ...facts };
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

interface Part extends TensorKind {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

function partsOf({ section, name }: Key, changes: Changes): readonly Part[] {
  return Object.entries(changes).flatMap(([slot, { encoded }]) =>
    Object.entries(encoded.parts).map(([part, { dtype, shape, chunks }]) => ({
      name: storedName(section, name, slot as Slot, part),
      dtype,
      shape,
      chunks,
    })),
  );
}

async function payloadsOf(changes: Changes): Promise<Item['payloads']> {
  const payloads: { [slot in Slot]?: Payload } = {};
  for (const [slot, { encoded, ...payload }] of Object.entries(changes)) {
    const parts: Record<string, { bytes: number; sha256: string }[]> = {};
    for (const [part, { chunks }] of Object.entries(encoded.parts)) {
      parts[part] = [];
      for (const chunk of chunks) parts[part].push({ bytes: chunk.length, sha256: await hashOf([chunk]) });
    }
    payloads[slot as Slot] = { ...payload, meta: encoded.meta, parts };
  }
  return payloads;
}
