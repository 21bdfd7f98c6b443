// Reads `delta.json` as what it is: a file from elsewhere, of which nothing is believed before it was checked.
import { fingerprintOf, isFileName, isWeightsFile, readJsonObject, type TensorDigest } from '@peftjs/checkpoint';
import { type ByteSource, DTYPE_BITS, type Dtype, isJsonObject, quote } from '@peftjs/safetensors';
import type { Meta } from './codec.ts';
import { DeltaError } from './delta-error.ts';
import {
  type ChunkRecord,
  digestOf,
  type Facts,
  FORMAT,
  type Item,
  isSame,
  MANIFEST_FILE,
  type Manifest,
  type ModelRecord,
  type Payload,
  type Section,
  type Slot,
} from './manifest.ts';
import { bytesOf, isSameKind } from './tensor-bytes.ts';

const FINGERPRINT = /^sha256:[0-9a-f]{64}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const PART_NAME = /^[a-z][a-z0-9_]*$/i;
const CODEC_ID = /^[a-z0-9][a-z0-9-]*$/;
const SLOTS: readonly string[] = ['change', 'correction', 'before', 'after'] satisfies readonly Slot[];

type JsonObject = { readonly [key: string]: unknown };

/** @throws DeltaError or CheckpointError that names the file, and in it what is wrong */
export async function readManifest(source: ByteSource): Promise<Manifest> {
  const json = await readJsonObject(source);
  const at = source.name;
  if (json.format !== FORMAT) {
    const advice = Number(json.format) < FORMAT ? 'make the delta again' : 'update peftjs';
    throw new DeltaError(`${at} has format ${brief(json.format)}, this version reads ${FORMAT}; ${advice}`);
  }
  if (json.digest !== (await digestOf(json)))
    throw new DeltaError(
      `${at} has the digest ${brief(json.digest)}, which is not that of its content: it was changed or damaged`,
    );
  const manifest: Manifest = {
    base: parseModel(json.base, `${at}: base`),
    tuned: parseModel(json.tuned, `${at}: tuned`),
    original: text(json.original, FINGERPRINT, 'a fingerprint', `${at}: original`),
    shards: list(json.shards, `${at}: shards`).map((name) => shardName(name, `${at}: shards`)),
    tensors: parseItems(json.tensors, 'tensors', at),
    files: parseItems(json.files, 'files', at),
  };
  if (new Set(manifest.shards).size !== manifest.shards.length)
    throw new DeltaError(`${at}: shards names a file twice`);
  await checkFingerprint(manifest, 'before', 'base', at);
  await checkFingerprint(manifest, 'after', 'tuned', at);
  return manifest;
}

/** The fingerprints are those of the hashes that the manifest has of each tensor. */
async function checkFingerprint(manifest: Manifest, side: 'before' | 'after', model: 'base' | 'tuned', at: string) {
  const digests: TensorDigest[] = [];
  for (const [name, { [side]: facts }] of manifest.tensors) if (facts) digests.push({ name, ...facts });
  const found = await fingerprintOf(digests);
  if (found === manifest[model].fingerprint) return;
  throw new DeltaError(
    `${at} gives its ${model} the fingerprint ${manifest[model].fingerprint}, its tensors have ${found}: it was changed or damaged`,
  );
}

function parseModel(value: unknown, at: string): ModelRecord {
  const { name, fingerprint, metadata } = object(value, at);
  if (typeof name !== 'string') throw new DeltaError(`${at}: name is ${brief(name)}; expected a text`);
  const pairs = Object.entries(object(metadata, `${at}: metadata`));
  const wrong = pairs.find(([, one]) => typeof one !== 'string');
  if (wrong) throw new DeltaError(`${at}: metadata ${quote(wrong[0])} is no text`);
  return {
    name,
    fingerprint: text(fingerprint, FINGERPRINT, 'a fingerprint', `${at}: fingerprint`),
    metadata: Object.fromEntries(pairs) as Record<string, string>,
  };
}

function parseItems(value: unknown, section: Section, at: string): ReadonlyMap<string, Item> {
  const items = new Map<string, Item>();
  for (const [name, one] of Object.entries(object(value, `${at}: ${section}`))) {
    const where = `${at}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)}`;
    if (section === 'files' && (!isFileName(name) || isWeightsFile(name) || name === MANIFEST_FILE))
      throw new DeltaError(`${where} is no name of a file beside a model's weights`);
    const item = parseItem(object(one, where), where);
    const facts = [item.before, item.after].find((side) => side && section === 'files' && !isRowOfBytes(side));
    if (facts) throw new DeltaError(`${where} is ${facts.dtype} [${facts.shape}]; a file is U8 of one dimension`);
    items.set(name, item);
  }
  return items;
}

function isRowOfBytes({ dtype, shape }: Facts): boolean {
  return dtype === 'U8' && shape.length === 1;
}

function parseItem(json: JsonObject, at: string): Item {
  if ('same' in json) {
    const facts = parseFacts(json.same, `${at}: same`);
    return { before: facts, after: facts, payloads: {} };
  }
  const side = (value: unknown, name: string) => (value === null ? null : parseFacts(value, `${at}: ${name}`));
  const [before, after] = [side(json.before, 'before'), side(json.after, 'after')];
  const payloads: { [slot in Slot]?: Payload } = {};
  for (const [slot, value] of Object.entries(object(json.payloads ?? {}, `${at}: payloads`))) {
    if (!SLOTS.includes(slot))
      throw new DeltaError(`${at} has the payload ${quote(slot)}; expected ${SLOTS.join(', ')}`);
    payloads[slot as Slot] = parsePayload(value, `${at}: ${slot}`);
  }
  checkPayloads({ before, after, payloads }, at);
  return { before, after, payloads };
}

/** A change leads from one tensor to another of its kind; what has no such partner is there whole, or was taken away. */
function checkPayloads({ before, after, payloads }: Item, at: string): void {
  const isChange = before !== null && after !== null && isSameKind(before, after);
  if (before === null && after === null) throw new DeltaError(`${at} is in neither model`);
  if (isSame({ before, after, payloads }))
    throw new DeltaError(`${at} is the same before and after, and stored all the same`);
  if (isChange !== (payloads.change !== undefined))
    throw new DeltaError(
      `${at} has ${isChange ? 'no change from before to after' : 'a change between different kinds'}`,
    );
  if (!isChange && (after === null) !== (payloads.after === undefined))
    throw new DeltaError(`${at} ${after === null ? 'is gone, and stored all the same' : 'is new and not stored'}`);
  if (isChange && (payloads.before || payloads.after)) throw new DeltaError(`${at} is stored whole beside its change`);
  if (!isChange && payloads.correction) throw new DeltaError(`${at} has a correction of no change`);
  if (before === null && payloads.before) throw new DeltaError(`${at} is new, and stored as it was before`);
}

function parseFacts(value: unknown, at: string): Facts {
  const { dtype, shape, sha256 } = object(value, at);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BITS, dtype))
    throw new DeltaError(`${at}: dtype is ${brief(dtype)}; expected one of ${Object.keys(DTYPE_BITS).join(', ')}`);
  const dims = list(shape, `${at}: shape`).map((d) => size(d, `${at}: shape`));
  const facts = { dtype: dtype as Dtype, shape: dims, sha256: text(sha256, DIGEST, 'a SHA-256', `${at}: sha256`) };
  if (!Number.isSafeInteger(bytesOf(facts)))
    throw new DeltaError(`${at}: ${dtype} [${dims}] is no whole number of bytes`);
  return facts;
}

function parsePayload(value: unknown, at: string): Payload {
  const { codec, meta, error, forward, parts } = object(value, at);
  if (typeof error !== 'number' || !(error >= 0))
    throw new DeltaError(`${at}: error is ${brief(error)}; expected a number`);
  const chunks: Record<string, readonly ChunkRecord[]> = {};
  for (const [name, records] of Object.entries(object(parts, `${at}: parts`))) {
    if (!PART_NAME.test(name)) throw new DeltaError(`${at}: ${quote(name)} is no name of a part`);
    chunks[name] = list(records, `${at}: ${name}`).map((record, i) => parseChunk(record, `${at}: ${name} chunk ${i}`));
  }
  return {
    codec: text(codec, CODEC_ID, 'the id of a codec', `${at}: codec`),
    meta: object(meta, `${at}: meta`) as Meta,
    error,
    ...(forward === true && { forward }),
    parts: chunks,
  };
}

function parseChunk(value: unknown, at: string): ChunkRecord {
  const { bytes, sha256 } = object(value, at);
  return { bytes: size(bytes, `${at}: bytes`), sha256: text(sha256, DIGEST, 'a SHA-256', `${at}: sha256`) };
}

function shardName(value: unknown, at: string): string {
  if (typeof value === 'string' && isFileName(value) && value.endsWith('.safetensors')) return value;
  throw new DeltaError(`${at}: ${brief(value)} is no name of a safetensors file beside it`);
}

function object(value: unknown, at: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new DeltaError(`${at} is ${brief(value)}; expected an object`);
}

function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new DeltaError(`${at} is ${brief(value)}; expected a list`);
}

function size(value: unknown, at: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new DeltaError(`${at} has ${brief(value)}; expected a whole number`);
}

function text(value: unknown, pattern: RegExp, what: string, at: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new DeltaError(`${at} is ${brief(value)}; expected ${what}`);
}

function brief(value: unknown): string {
  return quote(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing'));
}
