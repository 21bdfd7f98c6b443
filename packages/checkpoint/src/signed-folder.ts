/** A folder as its signature vouches for it: no file can be opened that is not as it was signed. */
import { type ByteSource, memorySource, quote } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import { diskFolder } from './disk-folder.ts';
import type { FileContent, Folder, WritableFolder } from './folder.ts';
import { sha256, sha256Of } from './sha256.ts';
import {
  encodeSignature,
  type FolderSignature,
  headerHash,
  readSignature,
  SIGNATURE_FILE,
  type SignedFile,
  signedFile,
} from './signature-file.ts';
import { normalKey } from './signing-keys.ts';

export interface TrustOptions {
  /**
   * Public keys of which one must have signed the folder. Where none are given, a folder need not be signed; one that is
   * must be as it was signed all the same, by whomever.
   */
  readonly trusted?: readonly string[] | undefined;
}

/**
 * Opens a folder with its signature checked. One that is not signed is given back as it is.
 *
 * @param how `whole`: a file is read and hashed when it is opened. `pieces`: of a safetensors file only the header is, for
 *   who has a hash of each piece and reads no other byte
 * @throws where the signature is not good, a file was added or taken away, or no trusted key has signed
 */
export async function signedFolder(
  folder: Folder,
  { trusted }: TrustOptions,
  how: 'whole' | 'pieces',
): Promise<Folder> {
  const signature = await trustedSignature(folder, trusted);
  if (signature === null) return folder;
  return {
    location: folder.location,
    list: () => folder.list(),
    ...(folder.weights && { weights: folder.weights }),
    async open(name) {
      const source = await folder.open(name);
      if (name === SIGNATURE_FILE) return source;
      const known = signature.files.get(name);
      if (known === undefined) {
        if (source === null) return null;
        throw new CheckpointError(`${source.name} was not there when the folder was signed`);
      }
      return checked(folder, name, source, known, how);
    },
  };
}

/**
 * Checks every file of a folder against its signature.
 *
 * @returns the signature; null where the folder has none and none is demanded
 * @throws naming the file that is not as it was signed
 */
export async function verifySignature(
  source: string | Folder,
  { trusted }: TrustOptions = {},
): Promise<FolderSignature | null> {
  const folder = typeof source === 'string' ? diskFolder(source) : source;
  const signature = await trustedSignature(folder, trusted);
  for (const [name, known] of signature?.files ?? []) {
    const file = await sized(folder, name, await folder.open(name), known);
    throwUnless(known.sha256, await sha256Of(file), file.name);
  }
  return signature;
}

/**
 * Signs a folder: writes `peftjs.sig.json` beside its files, which stay as they are. Hidden files are no part of it.
 *
 * @param privateKey PKCS #8 in PEM, from `createKeys`
 * @returns the public key
 * @example
 * const { privateKey, publicKey } = await createKeys();
 * await sign('out/notes', privateKey);
 * await loadAdapter('out/notes', { trusted: [publicKey] });
 */
export async function sign(target: string | WritableFolder, privateKey: string): Promise<string> {
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  const files = new Map<string, SignedFile>();
  const content = new Map<string, FileContent>();
  for (const name of (await folder.list()).filter(isSigned).sort()) {
    const source = (await folder.open(name)) as ByteSource;
    files.set(name, await signedFile(source));
    content.set(name, piecesOf(source));
  }
  if (files.size === 0) throw new CheckpointError(`${folder.location} has no files to sign; is the path right?`);
  const { key, content: signature } = await encodeSignature(files, privateKey);
  await folder.replace(content.set(SIGNATURE_FILE, signature));
  return key;
}

function isSigned(name: string): boolean {
  return name !== SIGNATURE_FILE && !name.startsWith('.');
}

async function trustedSignature(folder: Folder, trusted: TrustOptions['trusted']): Promise<FolderSignature | null> {
  const keys = trusted?.map(normalKey);
  const signature = await readSignature(folder);
  const demand = keys && `a signature by ${keys.length === 0 ? 'no key at all' : keys.join(' or ')} is demanded`;
  if (signature === null) {
    if (demand === undefined) return null;
    throw new CheckpointError(`${folder.location} is not signed, and ${demand}`);
  }
  if (keys && !keys.includes(signature.key))
    throw new CheckpointError(`${folder.location} was signed by ${signature.key}, and ${demand}`);
  const there = (await folder.list()).filter(isSigned);
  const added = there.find((name) => !signature.files.has(name));
  if (added !== undefined)
    throw new CheckpointError(`${folder.location}/${added} was not there when the folder was signed; sign it again`);
  return signature;
}

async function checked(
  folder: Folder,
  name: string,
  source: ByteSource | null,
  known: SignedFile,
  how: 'whole' | 'pieces',
): Promise<ByteSource> {
  const file = await sized(folder, name, source, known);
  if (how === 'pieces' && known.header !== undefined) {
    throwUnless(known.header, await headerHash(file), file.name);
    return file;
  }
  const bytes = await file.read(0, file.size);
  throwUnless(known.sha256, await sha256(bytes), file.name);
  return memorySource(file.name, bytes);
}

async function sized(folder: Folder, name: string, source: ByteSource | null, known: SignedFile): Promise<ByteSource> {
  if (source === null)
    throw new CheckpointError(`${folder.location} has no ${quote(name)}, which was there when it was signed`);
  if (source.size === known.bytes) return source;
  throw new CheckpointError(
    `${source.name} has ${source.size} bytes, it had ${known.bytes} when it was signed: it was changed or damaged`,
  );
}

function throwUnless(expected: string, found: string, file: string): void {
  if (found === expected) return;
  throw new CheckpointError(
    `${file} has the SHA-256 ${found}, it had ${expected} when it was signed: it was changed or damaged`,
  );
}

/** Bytes copied at a time. */
const PIECE = 2 ** 24;

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE) yield await source.read(at, Math.min(at + PIECE, source.size));
}
