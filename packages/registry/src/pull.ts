// A release out of a registry, or out of the cache where it was pulled before; every file is as the index says.
import {
  diskFolder,
  type FileContent,
  type Folder,
  sha256Of,
  type TrustOptions,
  verifySignature,
  type WritableFolder,
} from '@peftjs/checkpoint';
import { type ByteSource, nearest, quote } from '@peftjs/safetensors';
import { openRegistry, type Registry, type RegistryOptions } from './open-registry.ts';
import { RegistryError } from './registry-error.ts';
import { folderOf, isVersion, type Release, sizeOf, titleOf } from './release.ts';
import { checkReleaseSignature } from './release-signature.ts';

export interface PullOptions extends RegistryOptions, TrustOptions {
  /** Where the files are copied to, besides the cache: a path or a folder. */
  readonly out?: string | WritableFolder | undefined;
  /** The most that the files of a release may have; 16 GiB when left out. */
  readonly maxBytes?: number | undefined;
}

export interface Pulled {
  readonly release: Release;
  /** With its files: the one in the cache. */
  readonly folder: Folder;
  /** Whether any file was fetched, rather than all of them being in the cache. */
  readonly fetched: boolean;
  /** Why the index is the one that was last seen; null where it is fresh. */
  readonly stale: string | null;
}

/**
 * Brings a release here. One that is in the cache is checked and not fetched again, so that it is there without a network.
 *
 * @param wanted `name`, for the version that was published last, or `name@version`
 * @throws where there is no such release, a file is not what the index says, or no trusted key has signed; nothing is copied to `out` then
 * @example
 * const { folder } = await pull('https://example.org/adapters', 'notes@2');
 * const record = await loadAdapter(folder);
 */
export async function pull(where: string, wanted: string, options: PullOptions = {}): Promise<Pulled> {
  const { maxBytes = 2 ** 34, out, trusted, offline = false } = options;
  const registry = await openRegistry(where, options);
  const release = find(registry, wanted);
  const title = titleOf(release);
  if (sizeOf(release) > maxBytes)
    throw new RegistryError(`${title} has ${sizeOf(release)} bytes, more than the ${maxBytes} that are allowed`);
  await checkReleaseSignature(registry.location, release, { trusted });
  const folder = registry.cached(release);
  const fetched = !(await isWhole(folder, release));
  if (fetched) {
    if (offline) throw new RegistryError(`${title} is not in the cache, and ${registry.stale}`);
    await verifySignature(await fetchFiles(registry, release, folder), { trusted });
  } else await verifySignature(folder, { trusted });
  if (out !== undefined) {
    const sources = await Promise.all([...release.files.keys()].map((name) => folder.open(name)));
    await (typeof out === 'string' ? diskFolder(out) : out).replace(contents(release, sources as ByteSource[]));
  }
  return { release, folder, fetched, stale: registry.stale };
}

function find({ location, releases }: Registry, wanted: string): Release {
  const [, name = '', version] = /^([^@]*)(?:@(.*))?$/.exec(wanted) ?? [];
  const named = releases.filter((release) => release.name === name);
  const near = (word: string, words: Iterable<string>) => {
    const one = nearest(word, words);
    return one === null ? '' : `; nearest: ${quote(one)}`;
  };
  if (named.length === 0) {
    const names = new Set(releases.map((release) => release.name));
    throw new RegistryError(`${location} has no ${quote(name)}${near(name, names)}`);
  }
  const found = version === undefined ? named.at(-1) : named.find((release) => release.version === version);
  if (found !== undefined) return found;
  const versions = named.map((release) => release.version);
  const hint = isVersion(version) ? `it has ${versions.join(', ')}` : 'a version is letters and digits';
  throw new RegistryError(`${location} has no version ${quote(version as string)} of ${name}; ${hint}`);
}

async function isWhole(folder: Folder, { files }: Release): Promise<boolean> {
  for (const [name, { bytes, sha256 }] of files) {
    const source = await folder.open(name);
    if (source?.size !== bytes || (await sha256Of(source)) !== sha256) return false;
  }
  return true;
}

/** Every file is checked before the first is written. */
async function fetchFiles({ place }: Registry, release: Release, folder: WritableFolder): Promise<Folder> {
  const sources: ByteSource[] = [];
  for (const [name, { bytes, sha256 }] of release.files) {
    const source = await place.at(folderOf(release), bytes).open(name);
    if (source === null) throw new RegistryError(`${place.location}: ${titleOf(release)} has no ${quote(name)}`);
    const found = source.size === bytes ? await sha256Of(source) : null;
    if (found !== sha256)
      throw new RegistryError(
        `${source.name} has ${found === null ? `${source.size} bytes, the index says ${bytes}` : `the SHA-256 ${found}, the index says ${sha256}`}: it is damaged, or was changed`,
      );
    sources.push(source);
  }
  await folder.replace(contents(release, sources)).catch(async (error: unknown) => {
    // Another process may have brought the same in the meantime.
    if (!(await isWhole(folder, release).catch(() => false))) throw error;
  });
  return folder;
}

function contents({ files }: Release, sources: readonly ByteSource[]): ReadonlyMap<string, FileContent> {
  return new Map([...files.keys()].map((name, i) => [name, piecesOf(sources[i] as ByteSource)]));
}

/** Bytes copied at a time. */
const PIECE = 2 ** 24;

export async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE) yield await source.read(at, Math.min(at + PIECE, source.size));
}
