import type { Pause } from './codec.ts';

/** How long work goes on without a pause, ms. */
const STRETCH = 30;

/** Lets signals, timers and a page's events have their turn every few milliseconds. */
export function pauseFor(signal: AbortSignal | undefined): Pause {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > STRETCH) {
      await new Promise((resolve) => setTimeout(resolve));
      last = performance.now();
    }
    signal?.throwIfAborted();
  };
}

/** The same, with a pause before each. What is begun with them begins in their order. */
export async function* paused<T>(items: Iterable<T>, pause: Pause): AsyncGenerator<T> {
  for (const item of items) {
    await pause();
    yield item;
  }
}
