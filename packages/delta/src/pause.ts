import type { Pause } from './codec.ts';

/** How long work goes on without a pause, ms. */
const STRETCH = 30;

/** A timer waits for a millisecond, and in a page for more. */
const wait: (done: () => void) => unknown = typeof setImmediate === 'function' ? setImmediate : setTimeout;

/** Lets signals, timers and a page's events have their turn every few milliseconds. */
export function pauseFor(signal: AbortSignal | undefined): Pause {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > STRETCH) {
      await new Promise<void>((resolve) => wait(resolve));
      last = performance.now();
    }
    signal?.throwIfAborted();
  };
}
