/**
 * A file of training text, wherever it lives: a path (where the runtime has files), a `File` or `Blob`, or text in memory.
 * It is read in ranges, so that a file larger than memory can be streamed.
 */
import { nearest } from './nearest.ts';
import { loadFs, loadPath, needFileSystem } from './node-modules.ts';

/** A path, a `File` or `Blob`, or text in memory under a name that says its format. */
export type DataSource = string | Blob | { readonly name: string; readonly text: string };

/** An opened source. */
export interface DataFile {
  /** Without its folder; its ending says the format, and errors begin with it. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Bytes `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a source for reading. Fails where a path leads to no file, with the nearest name in its folder. */
export async function openDataFile(source: DataSource): Promise<DataFile> {
  if (typeof source === 'string') return openPath(source);
  if (source instanceof Blob) return fromBlob('name' in source ? String(source.name) : 'data', source);
  return fromBlob(source.name, new Blob([source.text]));
}

function fromBlob(name: string, blob: Blob): DataFile {
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await blob.slice(start, end).arrayBuffer());
  return { name, size: blob.size, read };
}

async function openPath(path: string): Promise<DataFile> {
  needFileSystem(path);
  const [{ open, stat }, { basename }] = await Promise.all([loadFs(), loadPath()]);
  const found = await stat(path).catch(async (cause: unknown) => {
    throw new Error(`[peftjs/data] ${path} is not there${await nearestSibling(path)}`, { cause });
  });
  if (!found.isFile()) {
    const fault = found.isDirectory()
      ? 'is a folder: pass one of its files, or use findDataSet'
      : 'is a pipe or a device: it is read in parts, so save it as a file';
    throw new Error(`[peftjs/data] ${path} ${fault}`);
  }
  const { size } = found;
  const name = basename(path);
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(end - start);
    const handle = await open(path);
    try {
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new Error(`[peftjs/data] ${name} became shorter while it was read: start again`);
        filled += bytesRead;
      }
    } finally {
      await handle.close();
    }
    return bytes;
  };
  return { name, size, read };
}

async function nearestSibling(path: string): Promise<string> {
  const [{ readdir }, { basename, dirname, join }] = await Promise.all([loadFs(), loadPath()]);
  const folder = dirname(path);
  const siblings = await readdir(folder).catch(() => null);
  if (siblings === null) return ` and neither is its folder: check the path`;
  const near = nearest(basename(path), siblings);
  return near === null ? ': check the path' : `; nearest: ${join(folder, near)}`;
}
