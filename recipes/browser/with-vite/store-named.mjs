// @ts-check
import { cacheStorage, indexedDb, opfs } from '@peftjs/browser';

/** @param {string} name */
export function storeNamed(name) {
  if (name === 'opfs') return opfs();
  if (name === 'cache') return cacheStorage();
  return indexedDb();
}
