/** The cache of downloaded models in a browser's storage: `blobs/` by content, what is on its way in `parts/`, `notes/`. */
import type { HubCache, UnfinishedFile } from '@peftjs/models';
import { blobSource } from '@peftjs/safetensors';
import { cacheStorage } from './store/cache-storage.ts';
import { indexedDb } from './store/indexed-db.ts';
import type { WebStore } from './store/web-store.ts';
import { takeLock } from './take-lock.ts';

/** Bytes of a download that are held in memory before they are kept: what a reload in the middle loses at most. */
const PART = 4 * 2 ** 20;

/**
 * Keeps what `loadModel` fetches from the hub. A download that was cut goes on where it stopped, after a reload too.
 *
 * @param store where: the Cache API, or IndexedDB on a page that is not secure; `opfs()` by choice
 * @example
 * const model = await loadModel('HuggingFaceTB/SmolLM2-135M', { architectures: [llama], cache: webCache() });
 */
export function webCache(store: WebStore = globalThis.caches ? cacheStorage() : indexedDb()): HubCache {
  const note = (name: string): string => `notes/${name}`;
  return {
    location: store.location,
    async get(key) {
      const bytes = await store.get(`blobs/${key}`);
      return bytes && blobSource(`${store.location}/${key}`, bytes);
    },
    async begin(key, signal) {
      const release = await takeLock(`peftjs:${store.location}:${key}`, signal);
      try {
        return await unfinishedFile(store, key, release);
      } catch (error) {
        release();
        throw error;
      }
    },
    readNote: async (name) => (await (await store.get(note(name)))?.text()) ?? null,
    writeNote: (name, text) => store.put(note(name), new Blob([text])),
  };
}

async function unfinishedFile(store: WebStore, key: string, release: () => void): Promise<UnfinishedFile> {
  const folder = `parts/${key}/`;
  const kept: Blob[] = [];
  for (const path of await store.list(folder)) {
    const part = await store.get(path);
    if (part) kept.push(part);
  }
  let keptBytes = kept.reduce((sum, { size }) => sum + size, 0);
  let fresh: Blob[] = [];
  let freshBytes = 0;
  const whole = (): Blob => new Blob([...kept, ...fresh]);

  const keep = async (): Promise<void> => {
    if (fresh.length === 0) return;
    const part = new Blob(fresh);
    await store.put(`${folder}${String(kept.length).padStart(6, '0')}`, part);
    kept.push(part);
    keptBytes += part.size;
    fresh = [];
    freshBytes = 0;
  };
  const clear = async (): Promise<void> => {
    for (const path of await store.list(folder)) await store.delete(path);
    kept.length = 0;
    keptBytes = 0;
    fresh = [];
    freshBytes = 0;
  };

  return {
    get size() {
      return keptBytes + freshBytes;
    },
    async append(bytes) {
      fresh.push(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      freshBytes += bytes.length;
      if (freshBytes >= PART) await keep();
    },
    async read(start, end) {
      return new Uint8Array(await whole().slice(start, end).arrayBuffer());
    },
    clear,
    async commit() {
      await store.put(`blobs/${key}`, whole());
      await clear();
    },
    async close() {
      try {
        await keep();
      } finally {
        release();
      }
    },
  };
}
