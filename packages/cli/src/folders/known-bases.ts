// The base models that were met on this machine, by which an error about a wrong base can name the right one.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AdapterRecord, checkBase, type KnownBase } from '@peftjs/checkpoint';
import type { Host } from '@peftjs/core';
import { knownBases as known, registryCache, rememberBases } from '@peftjs/registry';

/** None where the cache cannot be read: an error about a base must not become one about a cache. */
export async function knownBases(): Promise<readonly KnownBase[]> {
  return registryCache()
    .then(known)
    .catch(() => []);
}

/** A folder by its whole path. Does nothing where the cache cannot be written. */
export async function rememberBase({ name, fingerprint }: KnownBase): Promise<void> {
  const base = { name: existsSync(name) ? resolve(name) : name, fingerprint };
  await registryCache()
    .then((cache) => rememberBases(cache, [base]))
    .catch(() => {});
}

/** Throws where an adapter was made for other weights than a model's; the model's name is remembered. */
export async function checkModel({ base }: Host, { provenance }: AdapterRecord): Promise<void> {
  if (provenance === null) return;
  const actual = { name: base.name, fingerprint: await base.fingerprint() };
  await rememberBase(actual);
  checkBase(provenance, actual, await knownBases());
}
