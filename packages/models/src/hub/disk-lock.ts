/** One process at a time: a file that exists while one is at work, and says which. */
import { type Fs, loadFs, loadOs } from './node-modules.ts';
import { pause } from './retrying.ts';

const BEAT = 5_000;
const DEAD_AFTER = 30_000;

/** Waits for the lock, takes it and gives what releases it. The lock of a process that ended without releasing is void. */
export async function diskLock(path: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const [fs, { hostname }] = await Promise.all([loadFs(), loadOs()]);
  const host = hostname();
  for (;;) {
    signal?.throwIfAborted();
    try {
      const handle = await fs.open(path, 'wx');
      await handle.writeFile(`${host} ${process.pid}`);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isVoid(fs, path, host)) await fs.rm(path, { force: true });
      else await pause(100, signal);
    }
  }
  const beat = setInterval(() => void fs.utimes(path, new Date(), new Date()).catch(() => undefined), BEAT);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await fs.rm(path, { force: true });
  };
}

async function isVoid(fs: Fs, path: string, own: string): Promise<boolean> {
  try {
    const [host, id] = (await fs.readFile(path, 'utf8')).split(' ');
    if (host === own && id !== undefined && !isRunning(Number(id))) return true;
    return Date.now() - (await fs.stat(path)).mtimeMs > DEAD_AFTER;
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
