/** The origin private file system: real files, which only this origin sees. */
import { missing, notKept } from './store-error.ts';
import type { WebStore } from './web-store.ts';

/**
 * A store in the origin private file system, for what is large. Needs a secure page, and `createWritable` (Chromium,
 * Firefox, Safari from 26).
 *
 * @param name the folder of the file system that holds everything
 */
export function opfs(name: string = 'peftjs'): WebStore {
  const location = `opfs:${name}`;

  const root = async (): Promise<FileSystemDirectoryHandle> => {
    if (!globalThis.navigator?.storage?.getDirectory) throw missing('navigator.storage.getDirectory', location);
    const top = await navigator.storage.getDirectory();
    return top.getDirectoryHandle(name, { create: true });
  };
  const parentOf = async (path: string, create: boolean) => {
    const steps = path.split('/');
    const file = steps.pop()!;
    let folder = await root();
    for (const step of steps) folder = await folder.getDirectoryHandle(step, { create });
    return { folder, file };
  };

  return {
    location,
    async get(path) {
      try {
        const { folder, file } = await parentOf(path, false);
        return await (await folder.getFileHandle(file)).getFile();
      } catch (error) {
        return nullIfMissing(error);
      }
    },
    async put(path, bytes) {
      const { folder, file } = await parentOf(path, true);
      const handle = await folder.getFileHandle(file, { create: true });
      if (!('createWritable' in handle)) throw missing('FileSystemFileHandle.createWritable', location);
      // What is written goes to a file beside it, which takes its place when it is closed.
      const stream = await handle.createWritable();
      try {
        await stream.write(bytes);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => {});
        throw notKept(location, path, error);
      }
    },
    async delete(path) {
      try {
        const { folder, file } = await parentOf(path, false);
        await folder.removeEntry(file);
      } catch (error) {
        nullIfMissing(error);
      }
    },
    async list(prefix) {
      const paths: string[] = [];
      const at = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      try {
        const { folder } = await parentOf(prefix, false);
        for await (const path of walk(folder, at)) if (path.startsWith(prefix)) paths.push(path);
      } catch (error) {
        nullIfMissing(error);
      }
      return paths.sort();
    },
  };
}

async function* walk(folder: FileSystemDirectoryHandle, at: string): AsyncGenerator<string> {
  for await (const [name, entry] of folder.entries()) {
    if (entry.kind === 'directory') yield* walk(entry as FileSystemDirectoryHandle, `${at}${name}/`);
    else yield `${at}${name}`;
  }
}

function nullIfMissing(error: unknown): null {
  // A file where a folder is looked for is not the folder.
  if (error instanceof DOMException && ['NotFoundError', 'TypeMismatchError'].includes(error.name)) return null;
  throw error;
}
