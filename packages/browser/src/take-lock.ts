/**
 * Waits until no other tab and no worker of this origin holds the lock `name`, and takes it.
 *
 * A page that is not secure has no locks: there each tab must keep to names of its own.
 *
 * @returns what lets go of it
 */
export async function takeLock(name: string, signal?: AbortSignal): Promise<() => void> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => {};
  return new Promise((taken, failed) => {
    const options = signal === undefined ? {} : { signal };
    locks.request(name, options, () => new Promise<void>((release) => taken(release))).catch(failed);
  });
}
