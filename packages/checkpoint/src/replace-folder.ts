/**
 * Replaces a folder on disk, all or nothing. The new content is written and synced beside it as `.NAME.peftjs-new-*`,
 * the old folder steps aside as `.NAME.peftjs-old`, the new one takes its place. A process killed between those two
 * renames leaves the old folder aside, where `standIn` finds it and the next save puts it back.
 */
import { checkReplacement } from './check-replacement.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { FileContent } from './folder.ts';
import { errorCode, type Fs, loadPath, nullIfMissing } from './node-modules.ts';
import { blockWriter } from './write-behind.ts';

/** The folder that holds the content of `path`: itself, or the one that stepped aside for a save that was killed. */
export async function standIn(fs: Fs, path: string): Promise<string> {
  if (await fs.stat(path).catch(nullIfMissing)) return path;
  const { aside } = await siblings(await followLink(fs, path));
  return (await fs.stat(aside).catch(nullIfMissing)) ? aside : path;
}

/** Replaces the content of `path` by `files`. Rejects with what was there untouched. */
export async function replaceFolder(fs: Fs, path: string, files: ReadonlyMap<string, FileContent>): Promise<void> {
  const target = await followLink(fs, path);
  const { aside, fresh, parent, freshPrefix } = await siblings(target);
  const { join } = await loadPath();
  let exists = await isFolder(fs, target);
  if (!exists && (await isFolder(fs, aside))) {
    await fs.rename(aside, target);
    exists = true;
  }
  const entries = exists ? await fs.readdir(target, { withFileTypes: true }) : [];
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  checkReplacement(path, names, files.keys());

  try {
    await fs.mkdir(parent, { recursive: true });
    await removeAbandoned(fs, parent, freshPrefix);
    await fs.rm(aside, { recursive: true, force: true });
    await fs.mkdir(fresh);
    if (exists) await fs.chmod(fresh, (await fs.stat(target)).mode & 0o7777);
    const write = blockWriter();
    for (const [name, content] of files) {
      const before = await fs.stat(join(target, name)).catch(nullIfMissing);
      const file = await fs.open(join(fresh, name), 'wx');
      try {
        await write(file, content);
        if (before) await file.chmod(before.mode & 0o777);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await sync(fs, fresh);
    if (exists) await fs.rename(target, aside);
    try {
      await fs.rename(fresh, target);
    } catch (error) {
      if (exists) await fs.rename(aside, target);
      throw error;
    }
  } catch (cause) {
    await fs.rm(fresh, { recursive: true, force: true }).catch(() => {});
    const code = errorCode(cause);
    if (code === null) throw cause;
    const reason = code === 'ENOSPC' || code === 'EDQUOT' ? `the disk is full (${code})` : (cause as Error).message;
    throw new CheckpointError(`${path} was not saved, what it held before is untouched: ${reason}`, { cause });
  }
  // The new content is in place: what fails from here on is no failure to save, and is made good by the next save.
  await sync(fs, parent).catch(() => {});
  await fs.rm(aside, { recursive: true, force: true }).catch(() => {});
}

/** Where `path` leads if it is a link, so that the link stays one; it may lead to what does not exist. */
async function followLink(fs: Fs, path: string): Promise<string> {
  const real = await fs.realpath(path).catch(nullIfMissing);
  if (real !== null) return real;
  const { dirname, resolve } = await loadPath();
  const link = await fs.readlink(path).catch(() => null);
  return link === null ? path : resolve(dirname(path), link);
}

async function siblings(path: string) {
  const { basename, dirname, join, resolve } = await loadPath();
  const absolute = resolve(path);
  const parent = dirname(absolute);
  const freshPrefix = `.${basename(absolute)}.peftjs-new-`;
  const unique = `${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  return {
    parent,
    freshPrefix,
    aside: join(parent, `.${basename(absolute)}.peftjs-old`),
    fresh: join(parent, `${freshPrefix}${unique}`),
  };
}

async function isFolder(fs: Fs, path: string): Promise<boolean> {
  const stat = await fs.stat(path).catch(nullIfMissing);
  if (stat && !stat.isDirectory()) throw new CheckpointError(`${path} is a file; choose a folder to save to`);
  return stat !== null;
}

/** Makes a folder's entries durable, where the system knows such a thing (Windows does not). */
async function sync(fs: Fs, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error;
  }
}

/** Removes what killed processes left half written. */
async function removeAbandoned(fs: Fs, parent: string, prefix: string): Promise<void> {
  const { join } = await loadPath();
  for (const name of await fs.readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const stat = await fs.stat(path).catch(nullIfMissing);
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (stat && isAbandoned(pid, stat.mtimeMs)) await fs.rm(path, { recursive: true, force: true });
  }
}

/** Whether a process `pid` that wrote at `writtenAt` (ms) is no more; our own id may have been another's before us. */
function isAbandoned(pid: number, writtenAt: number): boolean {
  if (pid === process.pid) return writtenAt < performance.timeOrigin;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}
