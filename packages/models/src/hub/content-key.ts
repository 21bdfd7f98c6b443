/** The key of a file's content: the hash by which the hub knows it, so that what arrives can be checked against it. */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { isNode, loadCrypto } from './node-modules.ts';

/**
 * - `sha256-…`: large files
 * - `git-…`: small files, by git's id of a blob
 * - `etag-…`: files of a server that tells no hash; their content cannot be verified, and the key holds for one address
 */
export type ContentKey = `${'sha256' | 'git' | 'etag'}-${string}`;

/** The key that an ETag of the hub stands for. `isHub` says that the server is one, whose short tags are git's ids. */
export function keyOfEtag(etag: string, url: string, isHub: boolean): ContentKey {
  const tag = etag.replace(/^W\//, '').replaceAll('"', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(tag)) return `sha256-${tag}`;
  if (isHub && /^[0-9a-f]{40}$/.test(tag)) return `git-${tag}`;
  return `etag-${bytesToHex(sha256(utf8ToBytes(`${url} ${tag}`)))}`;
}

interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Reads the whole of a content and gives the key that it has, of the same kind as `key`. */
export async function keyOfContent(
  key: ContentKey,
  { size, read }: { readonly size: number; read(start: number, end: number): Promise<Uint8Array> },
): Promise<ContentKey> {
  if (key.startsWith('etag-')) return key;
  const isGit = key.startsWith('git-');
  const hash = await createHash(isGit ? 'sha1' : 'sha256');
  if (isGit) hash.update(utf8ToBytes(`blob ${size}\0`));
  for (let start = 0; start < size; start += CHUNK) hash.update(await read(start, Math.min(start + CHUNK, size)));
  return `${isGit ? 'git' : 'sha256'}-${bytesToHex(hash.digest())}`;
}

const CHUNK = 1 << 20;

/** Node's own hashes where there are any: they are ten times as fast. */
async function createHash(name: 'sha1' | 'sha256'): Promise<Hash> {
  if (isNode()) return (await loadCrypto()).createHash(name);
  return (name === 'sha1' ? sha1 : sha256).create();
}
