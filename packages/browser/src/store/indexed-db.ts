/** IndexedDB: on every page, secure or not, and in every browser of today. */
import { type IDBPDatabase, openDB } from 'idb';
import { missing, notKept } from './store-error.ts';
import type { WebStore } from './web-store.ts';

const FILES = 'files';

/**
 * A store in IndexedDB.
 *
 * @param name of the database
 */
export function indexedDb(name: string = 'peftjs'): WebStore {
  const location = `indexeddb:${name}`;
  let opened: Promise<IDBPDatabase> | undefined;

  const database = (): Promise<IDBPDatabase> => {
    if (!globalThis.indexedDB) throw missing('IndexedDB', location);
    opened ??= openDB(name, 1, {
      upgrade: (db) => void db.createObjectStore(FILES),
      // Somebody deletes the database: let go of it, and open it anew when it is next needed.
      blocking: (_current, _blocked, event) => {
        opened = undefined;
        (event.target as IDBDatabase).close();
      },
      terminated: () => {
        opened = undefined;
      },
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };

  return {
    location,
    async get(path) {
      const held: unknown = await (await database()).get(FILES, path);
      return held instanceof Blob ? held : null;
    },
    async put(path, bytes) {
      const change = (await database()).transaction(FILES, 'readwrite', { durability: 'strict' });
      try {
        await Promise.all([change.store.put(bytes, path), change.done]);
      } catch (error) {
        throw notKept(location, path, error);
      }
    },
    async delete(path) {
      await (await database()).delete(FILES, path);
    },
    async list(prefix) {
      const keys = await (await database()).getAllKeys(FILES, IDBKeyRange.bound(prefix, `${prefix}\uffff`));
      return keys.map(String);
    },
  };
}
