/** One process at a time: a file that exists while one is at work, says which, and is touched again and again. */
import { type Fs, loadFs, loadOs } from './node-modules.ts';
import { pause } from './retrying.ts';

/** Milliseconds between two touches. */
const BEAT = 1_000;
/** Milliseconds without a touch after which a lock is void whose process is gone from this machine. */
const GONE_AFTER = 3_000;
/** The same where the process cannot be seen, or where its number may have gone to another. */
const SILENT_AFTER = 60_000;

/** Waits for the lock, takes it and gives what releases it. The lock of a process that ended without releasing is void. */
export async function diskLock(path: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const [fs, { hostname }] = await Promise.all([loadFs(), loadOs()]);
  const host = hostname();
  while (!(await take(fs, path, `${host} ${process.pid}`))) {
    signal?.throwIfAborted();
    if (await isVoid(fs, path, host)) await removeVoid(fs, path, host);
    else await pause(100, signal);
  }
  const beat = setInterval(() => void fs.utimes(path, new Date(), new Date()).catch(() => undefined), BEAT);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await fs.rm(path, { force: true });
  };
}

async function take(fs: Fs, path: string, owner: string): Promise<boolean> {
  try {
    await fs.writeFile(path, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two may find the same lock void, and the second must not remove what the first has put in its place: so a void lock is
 * removed under a lock of its own, after another look.
 */
async function removeVoid(fs: Fs, path: string, host: string): Promise<void> {
  const removal = `${path}.void`;
  if (!(await take(fs, removal, host))) {
    if (await isVoid(fs, removal, '')) await fs.rm(removal, { force: true });
    await pause(10);
    return;
  }
  try {
    if (await isVoid(fs, path, host)) await fs.rm(path, { force: true });
  } finally {
    await fs.rm(removal, { force: true });
  }
}

async function isVoid(fs: Fs, path: string, host: string): Promise<boolean> {
  try {
    const [owner, id] = (await fs.readFile(path, 'utf8')).split(' ');
    const silence = Date.now() - (await fs.stat(path)).mtimeMs;
    return silence > (owner === host && !isRunning(Number(id)) ? GONE_AFTER : SILENT_AFTER);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
