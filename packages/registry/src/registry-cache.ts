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
import { isJsonObject } from '@peftjs/safetensors';
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
/** So many names are kept, those that were met last. */
const MOST = 1000;

/** Base models that were met before: trained on, inspected, or named by a registry. */
export async function knownBases(cache: RegistryCache): Promise<readonly KnownBase[]> {
  const source = await cache('bases').open(BASES_FILE);
  if (source === null) return [];
  const { bases } = await readJsonObject(source).catch((error: unknown) => {
    if (error instanceof CheckpointError) return { bases: null };
    throw error;
  });
  return Array.isArray(bases) ? bases.filter(isBase) : [];
}

function isBase(value: unknown): value is KnownBase {
  return isJsonObject(value) && typeof value.name === 'string' && typeof value.fingerprint === 'string';
}

/** Adds to those that are known. */
export async function rememberBases(cache: RegistryCache, bases: Iterable<KnownBase>): Promise<void> {
  const known = await knownBases(cache);
  const key = ({ name, fingerprint }: KnownBase) => JSON.stringify([name, fingerprint]);
  const before = new Set(known.map(key));
  const met = [...bases].filter((base) => !before.has(key(base)));
  if (met.length === 0) return;
  const distinct = [
    ...new Map(met.map(({ name, fingerprint }) => [key({ name, fingerprint }), { name, fingerprint }])).values(),
  ];
  const json = { bases: [...known, ...distinct].slice(-MOST) as unknown as Json };
  await cache('bases').replace(new Map([[BASES_FILE, encodeJson(json, BASES_FILE)]]));
}
