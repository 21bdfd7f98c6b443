// A registry's index: read anew, or as it was when it was last seen, where the registry cannot be reached.
import { CheckpointError, type WritableFolder } from '@peftjs/checkpoint';
import { encodeIndex, INDEX_FILE, readIndex } from './index-file.ts';
import { loadPath } from './node-modules.ts';
import { cachePrefix, type RegistryCache, registryCache, rememberBases } from './registry-cache.ts';
import { RegistryError } from './registry-error.ts';
import { type RegistryPlace, type RequestOptions, registryPlace } from './registry-place.ts';
import { folderOf, type Release, titleOf } from './release.ts';

export interface RegistryOptions extends RequestOptions {
  /** What was seen is kept there: a folder, or folders by path; `registryCache()` when left out. */
  readonly cache?: string | RegistryCache | undefined;
  /** Asks nothing of the registry. */
  readonly offline?: boolean | undefined;
}

export interface OpenRegistry {
  readonly location: string;
  /** In the order in which they were published. */
  readonly releases: readonly Release[];
  /** Why the index is the one that was last seen; null where it is fresh. */
  readonly stale: string | null;
}

/** A registry with the folders that its releases are read from and kept in. */
export interface Registry extends OpenRegistry {
  readonly place: RegistryPlace;
  /** All known base models are in the cache too. */
  readonly cache: RegistryCache;
  /** The folder of a release in the cache. */
  readonly cached: (release: Release) => ReturnType<RegistryCache>;
}

/** No index is larger. */
const MOST = 2 ** 26;

/**
 * Reads a registry's index.
 *
 * @param where a path, or a URL of `http` or `https`
 * @throws where it cannot be reached and was never seen, where the index is not what it should be, or a release has changed
 * @example
 * const { releases } = await listReleases('https://example.org/adapters');
 */
export async function listReleases(where: string, options: RegistryOptions = {}): Promise<OpenRegistry> {
  const { location, releases, stale } = await openRegistry(where, options);
  return { location, releases, stale };
}

export async function openRegistry(where: string, options: RegistryOptions): Promise<Registry> {
  const { cache: given, offline = false, ...request } = options;
  const cache = typeof given === 'function' ? given : await registryCache(given);
  const place = registryPlace(where, request);
  const prefix = await cachePrefix(place.isRemote ? place.location : (await loadPath()).resolve(place.location));
  const shelf = cache(`${prefix}/index`);
  const kept = await shelf.open(INDEX_FILE);
  const before = kept && (await readIndex(kept));
  const { location } = place;
  const registry = { location, place, cache, cached: (release: Release) => cache(`${prefix}/${folderOf(release)}`) };
  const lastSeen = (reason: string, cause?: unknown): Registry => {
    if (before !== null) return { ...registry, releases: before, stale: reason };
    throw new RegistryError(`${reason}, and it was never seen before; the first publish makes a registry`, { cause });
  };
  if (offline) return lastSeen(`${location} is not asked`);
  const source = await place
    .at('', MOST)
    .open(INDEX_FILE)
    .catch((error: unknown) => {
      options.signal?.throwIfAborted();
      if (error instanceof RegistryError) throw error;
      return error as Error;
    });
  if (source instanceof Error) return lastSeen(`${location} cannot be read: ${plain(source)}`, source);
  if (source === null) return lastSeen(`${location} has no ${INDEX_FILE}`);
  const releases = await readIndex(source);
  checkUnchanged(location, before ?? [], releases);
  await keep(shelf, encodeIndex(releases));
  const bases = releases.flatMap(({ base }) =>
    base?.fingerprint ? [{ name: base.name, fingerprint: base.fingerprint }] : [],
  );
  await rememberBases(cache, bases).catch(() => {});
  return { ...registry, releases, stale: null };
}

/** Keeps an index; another process may have kept the same in the meantime. */
async function keep(shelf: WritableFolder, index: Uint8Array): Promise<void> {
  const isKept = async () => {
    const source = await shelf.open(INDEX_FILE);
    if (source?.size !== index.length) return false;
    const bytes = await source.read(0, source.size);
    return bytes.every((byte, i) => byte === index[i]);
  };
  if (await isKept()) return;
  await shelf.replace(new Map([[INDEX_FILE, index]])).catch(async (error: unknown) => {
    if (!(await isKept().catch(() => false))) throw error;
  });
}

function plain(error: Error): string {
  return error instanceof CheckpointError ? error.message.replace('[peftjs/checkpoint] ', '') : error.message;
}

/** What a version was it stays. */
function checkUnchanged(location: string, before: readonly Release[], now: readonly Release[]): void {
  const said = new Map(now.map((release) => [titleOf(release), release]));
  for (const release of before) {
    const title = titleOf(release);
    const later = said.get(title);
    if (later === undefined || sameFiles(release, later)) continue;
    throw new RegistryError(
      `${location}: ${title} has other files than when it was last seen, and a version never changes; ` +
        `ask whoever keeps the registry, and delete the cache if that was meant`,
    );
  }
}

function sameFiles(a: Release, b: Release): boolean {
  return (
    a.files.size === b.files.size && [...a.files].every(([name, { sha256 }]) => b.files.get(name)?.sha256 === sha256)
  );
}
