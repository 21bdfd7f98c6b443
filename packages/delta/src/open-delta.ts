// A delta's folder, opened: the manifest and the headers of its files are read and agree with each other, the chunks are
// read when they are asked for, each checked against its hash.
import { diskFolder, type Folder, signedFolder, type TrustOptions, whatElse } from '@peftjs/checkpoint';
import { nearest, openSafetensors, quote, type SafetensorsFile } from '@peftjs/safetensors';
import type { Stored, StoredPart } from './codec.ts';
import { DeltaError } from './delta-error.ts';
import { type DeltaRecord, readRecord } from './delta-record.ts';
import { hashOf } from './hash-of.ts';
import {
  type ChunkRecord,
  type Item,
  MANIFEST_FILE,
  type Manifest,
  type Payload,
  type Section,
  type Slot,
  storedName,
} from './manifest.ts';
import { readManifest } from './read-manifest.ts';

export interface OpenDelta extends DeltaRecord {
  readonly location: string;
  readonly manifest: Manifest;
  /** Bytes of its files. */
  readonly bytes: number;
  /** What is stored of an item. */
  stored(section: Section, name: string, slot: Slot): Stored;
}

/** Every payload with where it belongs. */
export function* payloadsOf(manifest: Manifest): Generator<readonly [Section, string, Slot, Payload]> {
  for (const section of ['tensors', 'files'] as const) {
    for (const [name, { payloads }] of manifest[section]) {
      for (const slot of Object.keys(payloads) as Slot[]) yield [section, name, slot, payloads[slot] as Payload];
    }
  }
}

/** @throws where a file is missing, or is not what the manifest says, or not as it was signed */
export async function openDelta(source: string | Folder, trust: TrustOptions = {}): Promise<OpenDelta> {
  const folder = await signedFolder(typeof source === 'string' ? diskFolder(source) : source, trust, 'pieces');
  const json = await folder.open(MANIFEST_FILE);
  if (json === null) {
    const instead = whatElse(await folder.list()) || '; it holds no delta';
    throw new DeltaError(`${folder.location} has no ${MANIFEST_FILE}${instead}`);
  }
  const manifest = await readManifest(json);
  const places = new Map<string, SafetensorsFile>();
  let bytes = json.size;
  for (const name of manifest.shards) {
    const shard = await folder.open(name);
    if (shard === null) throw new DeltaError(`${folder.location} has no ${quote(name)}, which ${MANIFEST_FILE} names`);
    bytes += shard.size;
    const file = await openSafetensors(shard);
    for (const tensor of file.tensors.keys()) {
      if (places.has(tensor))
        throw new DeltaError(`${shard.name} holds ${quote(tensor)}, which another file holds too`);
      places.set(tensor, file);
    }
  }
  checkParts(manifest, places, json.name);
  const record = await readRecord(folder, { manifest, json: await json.read(0, json.size) });
  return {
    ...record,
    location: folder.location,
    manifest,
    bytes,
    stored(section, name, slot) {
      const { meta, parts } = (manifest[section].get(name) as Item).payloads[slot] as Payload;
      return {
        meta,
        part(part) {
          const records = Object.hasOwn(parts, part) ? parts[part] : undefined;
          if (records === undefined) throw new DeltaError(`there is no part ${quote(part)}`);
          const key = storedName(section, name, slot, part);
          return storedPart(places.get(key) as SafetensorsFile, key, records);
        },
      };
    },
  };
}

/** Every part is there with as many bytes as its chunks have, and nothing else is. */
function checkParts(manifest: Manifest, places: ReadonlyMap<string, SafetensorsFile>, at: string): void {
  const unclaimed = new Set(places.keys());
  for (const [section, name, slot, { parts }] of payloadsOf(manifest)) {
    for (const [part, records] of Object.entries(parts)) {
      const key = storedName(section, name, slot, part);
      const entry = places.get(key)?.tensors.get(key);
      if (!unclaimed.delete(key) || !entry) {
        const near = nearest(key, unclaimed);
        throw new DeltaError(
          `${at} names ${quote(key)}, which is not stored${near === null ? '' : `; nearest: ${quote(near)}`}`,
        );
      }
      const sum = records.reduce((total, { bytes }) => total + bytes, 0);
      if (sum !== entry.end - entry.begin)
        throw new DeltaError(
          `${at}: the chunks of ${quote(key)} have ${sum} bytes, ${entry.end - entry.begin} are stored`,
        );
    }
  }
  for (const key of unclaimed)
    throw new DeltaError(`${places.get(key)?.name} holds ${quote(key)}, which ${at} does not name`);
}

/** Bytes of chunks that are read at once. */
const STRETCH = 2 ** 20;

function storedPart(file: SafetensorsFile, key: string, records: readonly ChunkRecord[]): StoredPart {
  const { dtype, shape, begin, end } = file.tensors.get(key) as NonNullable<ReturnType<typeof file.tensors.get>>;
  const starts = [0];
  for (const { bytes } of records) starts.push((starts.at(-1) as number) + bytes);
  const startOf = (index: number) => starts[index] as number;
  let held = { first: 0, last: 0, bytes: Promise.resolve(new Uint8Array(0) as Uint8Array) };
  return {
    dtype,
    shape,
    bytes: end - begin,
    chunks: records.length,
    async chunk(index) {
      if (index < held.first || index >= held.last) {
        let last = index + 1;
        while (last < records.length && startOf(last + 1) - startOf(index) <= STRETCH) last++;
        held = { first: index, last, bytes: file.read(key, startOf(index), startOf(last)) };
      }
      const from = startOf(held.first);
      const chunk = (await held.bytes).subarray(startOf(index) - from, startOf(index + 1) - from);
      const found = await hashOf([chunk]);
      const expected = (records[index] as ChunkRecord).sha256;
      if (found === expected) return chunk;
      throw new DeltaError(
        `${file.name}: chunk ${index} of ${quote(key)} has the SHA-256 ${found}, ${MANIFEST_FILE} says ${expected}: it is damaged`,
      );
    },
  };
}
