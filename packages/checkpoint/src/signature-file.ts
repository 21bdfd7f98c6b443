/** `peftjs.sig.json`: which files a folder had when it was signed, their hashes, and the signature over all of it. */
import { type ByteSource, isJsonObject, quote } from '@peftjs/safetensors';
import { isFileName } from './check-replacement.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';
import { encodeJson, type Json, readJsonObject } from './json-file.ts';
import { sha256, sha256Of } from './sha256.ts';
import { isSignedBy, normalKey, signBytes } from './signing-keys.ts';

export const SIGNATURE_FILE = 'peftjs.sig.json';
const FORMAT = 1;
/** No header is longer, whatever a file says. */
const MOST = 2 ** 27;

/** A file as it was signed. */
export interface SignedFile {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** SHA-256 of a safetensors file's header and the eight bytes before it, for who reads such a file in pieces. */
  readonly header?: string;
}

export interface FolderSignature {
  /** The signer's public key. */
  readonly key: string;
  readonly files: ReadonlyMap<string, SignedFile>;
}

/** What a file is to be known by again. */
export async function signedFile(source: ByteSource): Promise<SignedFile> {
  const known = { bytes: source.size, sha256: await sha256Of(source) };
  return source.name.endsWith('.safetensors') ? { ...known, header: await headerHash(source) } : known;
}

/** SHA-256 of a safetensors file's header; of a file too short for one, of all that is there. */
export async function headerHash(source: ByteSource): Promise<string> {
  const start = await source.read(0, Math.min(8, source.size));
  const length = start.length < 8 ? 0n : new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const end = Math.min(source.size, 8 + Math.min(Number(length), MOST));
  return sha256(await source.read(0, end));
}

/** What is signed: all that the file says but the signature, so that no part of it can be taken elsewhere. */
function messageOf(key: string, files: ReadonlyMap<string, SignedFile>): Uint8Array {
  const said = { format: FORMAT, key, files: Object.fromEntries(files) as unknown as Json };
  return new TextEncoder().encode(
    `peftjs folder signature\n${new TextDecoder().decode(encodeJson(said, SIGNATURE_FILE))}`,
  );
}

/** The content of `peftjs.sig.json`. */
export async function encodeSignature(
  files: ReadonlyMap<string, SignedFile>,
  privateKey: string,
): Promise<{ readonly key: string; readonly content: Uint8Array }> {
  const { key, signature } = await signBytes(privateKey, (publicKey) => messageOf(publicKey, files));
  const said = { format: FORMAT, key, files: Object.fromEntries(files) as unknown as Json, signature };
  return { key, content: encodeJson(said, SIGNATURE_FILE) };
}

/**
 * Reads and checks a folder's signature, but not yet its files; null where it is not signed.
 *
 * @throws where the file is not what it should be, or the signature is not that of its key
 */
export async function readSignature(folder: Folder): Promise<FolderSignature | null> {
  const source = await folder.open(SIGNATURE_FILE);
  if (source === null) return null;
  const { format, key, files, signature } = await readJsonObject(source);
  if (format !== FORMAT)
    throw new CheckpointError(`${source.name} has format ${JSON.stringify(format)}, this version reads ${FORMAT}`);
  if (typeof key !== 'string' || typeof signature !== 'string' || !isJsonObject(files))
    throw new CheckpointError(`${source.name} has no key, files and signature`);
  const known = new Map(Object.entries(files).map(([name, one]) => [name, parseFile(name, one, source.name)]));
  if (!(await isSignedBy(key, signature, messageOf(key, known))))
    throw new CheckpointError(`${source.name}: the signature is not that of ${quote(key)}: it was changed or damaged`);
  return { key: normalKey(key), files: known };
}

function parseFile(name: string, value: unknown, at: string): SignedFile {
  const hash = (one: unknown): one is string => typeof one === 'string' && /^[0-9a-f]{64}$/.test(one);
  const { bytes, sha256, header } = isJsonObject(value) ? value : {};
  const isWhole = Number.isSafeInteger(bytes) && (bytes as number) >= 0;
  if (!isFileName(name) || !isWhole || !hash(sha256) || !(header === undefined || hash(header)))
    throw new CheckpointError(`${at}: ${quote(name)} has no size and hash, or is no name of a file`);
  return { bytes: bytes as number, sha256, ...(header === undefined ? {} : { header }) };
}
