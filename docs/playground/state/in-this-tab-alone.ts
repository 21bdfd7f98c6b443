// Web Locks: of all tabs of this browser, one at a time does what has a name.

/** Runs `job`, unless another tab does what has this `name`: then it throws. Where pages have no locks, it runs. */
export async function inThisTabAlone(name: string, job: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return job();
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) throw new Error('Another tab of this browser is training this run.');
    await job();
  });
}
