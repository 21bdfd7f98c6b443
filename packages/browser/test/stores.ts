// Every store, each time under a name of its own.
import { cacheStorage } from '../src/store/cache-storage.ts';
import { indexedDb } from '../src/store/indexed-db.ts';
import { opfs } from '../src/store/opfs.ts';
import type { WebStore } from '../src/store/web-store.ts';

const name = (): string => `test-${crypto.randomUUID()}`;

export const STORES: ReadonlyMap<string, () => WebStore> = new Map([
  ['opfs', () => opfs(name())],
  ['indexedDb', () => indexedDb(name())],
  ['cacheStorage', () => cacheStorage(name())],
]);
