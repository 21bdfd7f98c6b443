// Lets the rest of the program run between two pieces of long work: signals, timers, a page's own events.

/** Resolves after the events that wait have been handled. A chain of promises alone would keep them waiting. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
