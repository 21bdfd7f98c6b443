// `index.json`: the releases of a registry in the order in which they were published. From elsewhere, nothing in it is
// believed before it was checked.
import { encodeJson, isFileName, type Json, readJsonObject } from '@peftjs/checkpoint';
import { type ByteSource, isJsonObject, quote } from '@peftjs/safetensors';
import { RegistryError } from './registry-error.ts';
import { isName, isVersion, type Release, type ReleasedFile, sizeOf, titleOf } from './release.ts';
import { saidOf } from './release-signature.ts';

export const INDEX_FILE = 'index.json';
const FORMAT = 1;
const HASH = /^sha256:[0-9a-f]{64}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export function encodeIndex(releases: readonly Release[]): Uint8Array {
  const json = releases.map((release) => ({ ...saidOf(release), signature: release.signature }));
  return encodeJson({ format: FORMAT, releases: json as unknown as Json }, INDEX_FILE);
}

/** @throws naming the file, and in it what is wrong */
export async function readIndex(source: ByteSource): Promise<readonly Release[]> {
  const { format, releases } = await readJsonObject(source);
  const at = source.name;
  if (format !== FORMAT)
    throw new RegistryError(`${at} has format ${JSON.stringify(format)}, this version reads ${FORMAT}; update peftjs`);
  if (!Array.isArray(releases)) throw new RegistryError(`${at} has no list of releases`);
  const read = releases.map((one: unknown, i) => parseRelease(one, `${at}: release ${i}`));
  const seen = new Set<string>();
  for (const title of read.map(titleOf)) {
    if (seen.has(title)) throw new RegistryError(`${at} lists ${title} twice`);
    seen.add(title);
  }
  return read;
}

type JsonObject = { readonly [key: string]: unknown };

function parseRelease(value: unknown, where: string): Release {
  const json = object(value, where);
  const { name, version, kind } = json;
  if (!isName(name)) throw new RegistryError(`${where}: ${brief(name)} is no name of a release`);
  if (!isVersion(version)) throw new RegistryError(`${where}: ${brief(version)} is no version`);
  const at = `${where}, ${name}@${version}`;
  if (kind !== 'adapter' && kind !== 'delta')
    throw new RegistryError(`${at}: kind is ${brief(kind)}; expected adapter or delta`);
  const release: Release = {
    name,
    version,
    kind,
    hash: text(json.hash, HASH, 'a hash', `${at}: hash`),
    base: json.base === null ? null : parseBase(object(json.base, `${at}: base`), `${at}: base`),
    result: json.result === null ? null : text(json.result, HASH, 'a fingerprint', `${at}: result`),
    parents: list(json.parents, `${at}: parents`).map((one) => text(one, HASH, 'a hash', `${at}: parents`)),
    metrics: parseMetrics(object(json.metrics, `${at}: metrics`), at),
    license: json.license === null ? null : text(json.license, /^/, 'a text', `${at}: license`),
    author: json.author === null ? null : text(json.author, /^/, 'a text', `${at}: author`),
    published: text(json.published, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'a time', `${at}: published`),
    files: parseFiles(object(json.files, `${at}: files`), at),
    signature: parseSignature(json.signature ?? null, `${at}: signature`),
  };
  if (!Number.isSafeInteger(sizeOf(release))) throw new RegistryError(`${at}: its files have no size that can be`);
  return release;
}

function parseBase({ name, fingerprint }: JsonObject, at: string): Release['base'] {
  return {
    name: text(name, /^/, 'a text', `${at}: name`),
    fingerprint: fingerprint === null ? null : text(fingerprint, /^sha256:/, 'a fingerprint', `${at}: fingerprint`),
  };
}

function parseSignature(value: unknown, at: string): Release['signature'] {
  if (value === null) return null;
  const { key, signature } = object(value, at);
  return { key: text(key, /^ed25519:/, 'a public key', at), signature: text(signature, /^/, 'a text', at) };
}

function parseMetrics(metrics: JsonObject, at: string): Release['metrics'] {
  const wrong = Object.entries(metrics).find(([, one]) => typeof one !== 'number');
  if (wrong) throw new RegistryError(`${at}: the metric ${quote(wrong[0])} is ${brief(wrong[1])}; expected a number`);
  return metrics as Release['metrics'];
}

function parseFiles(files: JsonObject, at: string): Release['files'] {
  const parsed = new Map<string, ReleasedFile>();
  for (const [name, value] of Object.entries(files)) {
    if (!isFileName(name) || name.startsWith('.'))
      throw new RegistryError(`${at}: ${quote(name)} is no name of a file in a release`);
    const { bytes, sha256 } = object(value, `${at}: ${quote(name)}`);
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0)
      throw new RegistryError(`${at}: ${quote(name)} has ${brief(bytes)} bytes; expected a whole number`);
    parsed.set(name, { bytes: bytes as number, sha256: text(sha256, SHA256, 'a SHA-256', `${at}: ${quote(name)}`) });
  }
  if (parsed.size === 0) throw new RegistryError(`${at} has no files`);
  return parsed;
}

function object(value: unknown, at: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new RegistryError(`${at} is ${brief(value)}; expected an object`);
}

function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RegistryError(`${at} is ${brief(value)}; expected a list`);
}

function text(value: unknown, pattern: RegExp, what: string, at: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new RegistryError(`${at} is ${brief(value)}; expected ${what}`);
}

function brief(value: unknown): string {
  return quote(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing'));
}
