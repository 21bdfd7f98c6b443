/**
 * A folder in a browser's storage. Each save writes a version of its own, then one small write names it as the current
 * one: a page closed at any moment leaves the old content or the new one, whole.
 */
import { checkReplacement, type FileContent, isFileName, type WritableFolder } from '@peftjs/checkpoint';
import { blobSource } from '@peftjs/safetensors';
import { indexedDb } from './store/indexed-db.ts';
import type { WebStore } from './store/web-store.ts';
import { takeLock } from './take-lock.ts';

/**
 * A folder for adapters and for the state of a run. It need not exist: it is then empty, and the first save makes it.
 *
 * @param name any text; slashes make no folders
 * @param store where it is kept: `indexedDb()`, `opfs()` or `cacheStorage()`
 * @example
 * train(model, batches, { learningRate: 2e-4, store: stateStore(webFolder('notes/run')) });
 */
export function webFolder(name: string, store: WebStore = indexedDb()): WritableFolder {
  if (name === '') throw new Error("[peftjs/browser] a folder without a name; give one, such as 'notes'");
  const location = `${store.location}/${name}`;
  const home = `folders/${encodeURIComponent(name)}`;
  const pointer = `${home}/current`;
  const versions = `${home}/versions/`;

  const current = async (): Promise<string | null> => {
    const version = await store.get(pointer);
    return version && `${versions}${await version.text()}/`;
  };
  const namesIn = async (version: string | null): Promise<readonly string[]> =>
    version === null ? [] : (await store.list(version)).map((path) => path.slice(version.length));

  return {
    location,
    list: async () => namesIn(await current()),
    async open(file) {
      if (!isFileName(file)) return null;
      const version = await current();
      const bytes = version && (await store.get(version + file));
      return bytes ? blobSource(`${location}/${file}`, bytes) : null;
    },
    async replace(files) {
      const release = await takeLock(`peftjs:${location}`);
      try {
        const before = await current();
        checkReplacement(location, await namesIn(before), files.keys());
        await deleteAll(store, versions, before);
        const id = crypto.randomUUID();
        try {
          for (const [file, content] of files) await store.put(`${versions}${id}/${file}`, await toBlob(content));
          await store.put(pointer, new Blob([id]));
        } catch (error) {
          await deleteAll(store, versions, before).catch(() => {});
          throw error;
        }
        // The new content is in place: an old one that stays is deleted by the next save.
        await deleteAll(store, versions, `${versions}${id}/`).catch(() => {});
      } finally {
        release();
      }
    },
  };
}

async function deleteAll(store: WebStore, prefix: string, except: string | null): Promise<void> {
  for (const path of await store.list(prefix)) {
    if (except === null || !path.startsWith(except)) await store.delete(path);
  }
}

async function toBlob(content: FileContent): Promise<Blob> {
  if (content instanceof Uint8Array) return new Blob([content as Uint8Array<ArrayBuffer>]);
  const parts: Blob[] = [];
  for await (const part of content) parts.push(new Blob([part as Uint8Array<ArrayBuffer>]));
  return new Blob(parts);
}
