// One process at a time, by a file that only one can make. A lock that a killed process has left is old, and is taken over.
import { errorCode, loadFs } from './node-modules.ts';
import { RegistryError } from './registry-error.ts';

export interface LockTimes {
  /** How long to wait for it, ms. */
  readonly patience: number;
  /** From this age on, ms, it was left by a process that is no more. */
  readonly old: number;
}

/** What is done under the lock takes milliseconds. */
const TIMES: LockTimes = { patience: 20_000, old: 60_000 };

export async function whileLocked<T>(
  path: string,
  work: () => Promise<T>,
  { patience, old }: LockTimes = TIMES,
): Promise<T> {
  const fs = await loadFs();
  for (const begin = Date.now(); ; ) {
    try {
      await (await fs.open(path, 'wx')).close();
      break;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const made = (await fs.stat(path).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - made > old) await fs.rm(path, { force: true });
    else if (Date.now() - begin > patience)
      throw new RegistryError(`${path} is held by another publisher; delete it if there is none`);
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  try {
    return await work();
  } finally {
    await fs.rm(path, { force: true });
  }
}
