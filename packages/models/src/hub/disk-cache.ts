/** The cache on a disk, shared by all processes of a user: `blobs/` by content, `.partial` beside them, `notes/`. */
import { diskFolder } from '@peftjs/checkpoint';
import { diskLock } from './disk-lock.ts';
import type { HubCache, UnfinishedFile } from './hub-cache.ts';
import { environment } from './hub-options.ts';
import { loadFs, loadOs, loadPath } from './node-modules.ts';

/** The folder that is the cache unless another is named. */
export async function defaultCachePath(): Promise<string> {
  const [{ join }, { homedir }] = await Promise.all([loadPath(), loadOs()]);
  const own = environment('PEFTJS_CACHE');
  return own ?? join(environment('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'peftjs', 'hub');
}

/** The cache in a folder, which is made when the first file comes. */
export function diskCache(path: string): HubCache {
  const blobs = `${path}/blobs`;
  const note = (name: string): string => `${path}/notes/${name}.json`;
  return {
    location: path,
    get: (key) => diskFolder(blobs).open(key),
    async begin(key, signal) {
      const fs = await loadFs();
      await fs.mkdir(blobs, { recursive: true });
      const release = await diskLock(`${blobs}/${key}.lock`, signal);
      try {
        return await unfinishedFile(`${blobs}/${key}`, release);
      } catch (error) {
        await release();
        throw error;
      }
    },
    async readNote(name) {
      const fs = await loadFs();
      return fs.readFile(note(name), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
    },
    async writeNote(name, text) {
      const [fs, { dirname }] = await Promise.all([loadFs(), loadPath()]);
      const whole = note(name);
      await fs.mkdir(dirname(whole), { recursive: true });
      const aside = `${whole}.${crypto.randomUUID()}`;
      await fs.writeFile(aside, text);
      await fs.rename(aside, whole);
    },
  };
}

async function unfinishedFile(path: string, release: () => Promise<void>): Promise<UnfinishedFile> {
  const fs = await loadFs();
  const partial = `${path}.partial`;
  const handle = await fs.open(partial, 'a+');
  let size = (await handle.stat()).size;
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      await handle.appendFile(bytes);
      size += bytes.length;
    },
    async read(start, end) {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
      return buffer.subarray(0, bytesRead);
    },
    async clear() {
      await handle.truncate(0);
      size = 0;
    },
    async commit() {
      await handle.sync();
      await fs.rename(partial, path);
    },
    async close() {
      await handle.close();
      if (size === 0) await fs.rm(partial, { force: true });
      await release();
    },
  };
}
