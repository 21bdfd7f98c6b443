// What was seen of registries, kept so that it works without them: the last index, releases that were pulled, and the
// names of base models with their fingerprints.
import {
  CheckpointError,
  diskFolder,
  encodeJson,
  type Json,
  type KnownBase,
  readJsonObject,
  sha256,
  type WritableFolder,
} from '@peftjs/checkpoint';
import { loadOs } from './node-modules.ts';

/** Folders by their path within the cache. In a browser `(path) => webFolder(path)`, of `@peftjs/browser`. */
export type RegistryCache = (path: string) => WritableFolder;

/** The cache in a folder: unless it is given, `PEFTJS_REGISTRY_CACHE`, else `peftjs/registry` in `XDG_CACHE_HOME` or `~/.cache`. */
export async function registryCache(folder?: string): Promise<RegistryCache> {
  const root = folder ?? (await defaultFolder());
  return (path) => diskFolder(`${root}/${path}`);
}

async function defaultFolder(): Promise<string> {
  const { PEFTJS_REGISTRY_CACHE: own, XDG_CACHE_HOME: caches } = process.env;
  return own || `${caches || `${(await loadOs()).homedir()}/.cache`}/peftjs/registry`;
}

/** What a registry's folders in the cache begin with. */
export async function cachePrefix(location: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(location))).slice(0, 16);
}

const BASES_FILE = 'bases.json';

/** Base models that were met before: trained on, inspected, or named by a registry. */
export async function knownBases(cache: RegistryCache): Promise<readonly KnownBase[]> {
  const source = await cache('bases').open(BASES_FILE);
  if (source === null) return [];
  const json = await readJsonObject(source).catch((error: unknown) => {
    if (error instanceof CheckpointError) return {};
    throw error;
  });
  return Object.entries(json).flatMap(([fingerprint, names]) =>
    Array.isArray(names)
      ? names.flatMap((name: Json) => (typeof name === 'string' ? [{ name, fingerprint }] : []))
      : [],
  );
}

/** Adds names to those that are known. */
export async function rememberBases(cache: RegistryCache, bases: Iterable<KnownBase>): Promise<void> {
  const names = new Map<string, Set<string>>();
  const known = await knownBases(cache);
  for (const { name, fingerprint } of [...known, ...bases]) {
    const some = names.get(fingerprint) ?? new Set();
    names.set(fingerprint, some.add(name));
  }
  const count = [...names.values()].reduce((sum, { size }) => sum + size, 0);
  if (count === known.length) return;
  const json = Object.fromEntries([...names].map(([fingerprint, some]) => [fingerprint, [...some].sort()]));
  await cache('bases').replace(new Map([[BASES_FILE, encodeJson(json, BASES_FILE)]]));
}
