import type { ByteSource } from '@peftjs/safetensors';
import { isFileName } from './check-replacement.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { WritableFolder } from './folder.ts';
import { type Fs, loadFs, loadPath, nullIfMissing } from './node-modules.ts';
import { replaceFolder, standIn } from './replace-folder.ts';

/** A folder on the disk of a Node process. It need not exist: it is then empty, and `replace` makes it. */
export function diskFolder(path: string): WritableFolder {
  return {
    location: path,
    async list() {
      const fs = await loadFs();
      const entries = await fs.readdir(await standIn(fs, path), { withFileTypes: true }).catch(nullIfMissing);
      return (entries ?? []).filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    },
    async open(name) {
      if (!isFileName(name)) return null;
      const [fs, { join }] = await Promise.all([loadFs(), loadPath()]);
      return openFile(fs, join(await standIn(fs, path), name), join(path, name));
    },
    async replace(files) {
      await replaceFolder(await loadFs(), path, files);
    },
  };
}

/** Node reads at most 2 GiB in one call. */
const MAX_READ = 2 ** 30;

/** Opens the file for each read, so that nothing has to be closed. */
async function openFile(fs: Fs, path: string, name: string): Promise<ByteSource | null> {
  const stat = await fs.stat(path).catch(nullIfMissing);
  if (!stat?.isFile()) return null;
  return {
    name,
    size: stat.size,
    async read(start, end, into) {
      const file = await fs.open(path, 'r');
      try {
        const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(
            bytes,
            filled,
            Math.min(bytes.length - filled, MAX_READ),
            start + filled,
          );
          if (bytesRead === 0) throw new CheckpointError(`${name} ends at byte ${start + filled}, it had ${stat.size}`);
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}
