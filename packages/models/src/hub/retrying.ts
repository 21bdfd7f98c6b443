/** Trying again: with pauses that double, as long as the fault is one that may pass. */
import type { Retry } from './hub-options.ts';

/** A fault that may pass: a cut connection, a busy server. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** Milliseconds that the server asks to be left alone. */
  readonly pause: number;

  constructor(message: string, options: { readonly cause?: unknown; readonly pause?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.pause = options.pause ?? 0;
  }
}

/** How long a server is obeyed that asks for a pause. */
const LONGEST_PAUSE = 60_000;

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed `retry.times + 1` times in a row. `progressed` says
 * whether the attempt that failed brought something new: then counting begins again.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  retry: Retry,
  signal: AbortSignal | undefined,
  progressed: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      failures = progressed() ? 1 : failures + 1;
      if (failures > retry.times) throw error;
      await pause(Math.min(LONGEST_PAUSE, Math.max(error.pause, retry.delay * 2 ** (failures - 1))), signal);
    }
  }
}

/** Waits, and rejects with the signal's reason as soon as it is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
