/** How much a page may keep, and whether it stays. */
export interface StorageQuota {
  /** Bytes that this origin holds, in all its kinds of storage. */
  readonly used: number;
  /** Bytes that it may hold. Browsers give a share of the disk, and some round. */
  readonly total: number;
  /** Whether the browser keeps it when the disk grows full. */
  readonly persistent: boolean;
}

/** What the browser says of this origin's storage. Rejects on a page that is not secure, where it says nothing. */
export async function storageQuota(): Promise<StorageQuota> {
  const storage = storageManager();
  const [{ usage = 0, quota = 0 }, persistent] = await Promise.all([storage.estimate(), storage.persisted()]);
  return { used: usage, total: quota, persistent };
}

/**
 * Asks the browser to keep this origin's storage when the disk grows full. Some ask the user, some decide by how often
 * the page is visited; it is no error if they say no.
 */
export async function keepStorage(): Promise<boolean> {
  return storageManager().persist();
}

function storageManager(): StorageManager {
  const storage = globalThis.navigator?.storage;
  if (!storage) {
    throw new Error(
      '[peftjs/browser] this page has no navigator.storage: serve it over https or from localhost to see and ask for storage',
    );
  }
  return storage;
}
