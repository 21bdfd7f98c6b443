/** The page's side: a worker whose jobs are read like any async iterable. */
import { type Remote, wrap } from 'comlink';
import type { EventOf, JobCalls, Jobs, OptionsOf } from './jobs.ts';
import { withTransfers } from './transfer.ts';

/** A run of a job. It can be iterated once; leaving the loop stops the job. */
export interface JobRun<Event> extends AsyncIterable<Event> {
  readonly paused: boolean;
  /** The event that the worker is at still comes; then it stands still until `resume`. */
  pause(): void;
  resume(): void;
}

/** A worker that serves jobs. */
export interface JobWorker<J extends Jobs> {
  /**
   * Starts a job when its first event is asked for. The job runs only while the page waits for an event: a page that
   * asks for none holds it.
   *
   * @param options cross by structured clone; `transfer` moves their buffers
   * @param run `signal` aborts the job's own signal: the job decides what it does then
   */
  run<Name extends keyof J & string>(
    name: Name,
    options: OptionsOf<J[Name]>,
    run?: { readonly signal?: AbortSignal },
  ): JobRun<EventOf<J[Name]>>;
  /** Ends the worker at once. Runs that wait for an event reject. */
  close(): void;
}

/**
 * Opens a worker in which `serve` was called.
 *
 * @example
 * import type { jobs } from './job.ts';
 * const trainer = openWorker<typeof jobs>(new Worker(new URL('./job.ts', import.meta.url), { type: 'module' }));
 * for await (const event of trainer.run('train', { text })) show(event);
 */
export function openWorker<J extends Jobs>(worker: Worker): JobWorker<J> {
  const calls = wrap<JobCalls>(worker);
  // What waits for the worker, to be rejected when it dies. An answer takes itself off: a run has very many.
  const waiting = new Set<(error: Error) => void>();
  let death: Error | undefined;
  const die = (why: string): void => {
    death = new Error(`[peftjs/browser] the worker is gone: ${why}; open a new one`);
    worker.terminate();
    for (const reject of waiting) reject(death);
    waiting.clear();
  };
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    die(event.message || 'its module did not load, see the console');
  });
  worker.addEventListener('messageerror', () => die('it sent what cannot be cloned'));
  const alive = <Value>(answer: Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (death) return reject(death);
      waiting.add(reject);
      answer.then(resolve, reject).finally(() => waiting.delete(reject));
    });

  return {
    run(name, options, { signal } = {}) {
      const gate = new Gate();
      const events = eventsOf({ calls, alive, isDead: () => death !== undefined, gate, name, options, signal });
      return {
        get paused() {
          return gate.closed;
        },
        pause: () => gate.close(),
        resume: () => gate.open(),
        [Symbol.asyncIterator]: () => events as AsyncGenerator<EventOf<J[typeof name]>>,
      };
    },
    close() {
      if (!death) die('it was closed');
    },
  };
}

interface Asked {
  readonly calls: Remote<JobCalls>;
  readonly alive: <Value>(answer: Promise<Value>) => Promise<Value>;
  readonly isDead: () => boolean;
  readonly gate: Gate;
  readonly name: string;
  readonly options: unknown;
  readonly signal: AbortSignal | undefined;
}

async function* eventsOf({ calls, alive, isDead, gate, name, options, signal }: Asked): AsyncGenerator<unknown> {
  signal?.throwIfAborted();
  const run = await alive(calls.start(name, withTransfers(options, options)));
  const abort = (): void => {
    const { reason } = signal!;
    const error = reason instanceof Error ? reason : new DOMException(String(reason), 'AbortError');
    if (!isDead()) void calls.abort(run, error.name, error.message);
    gate.open();
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  let ended = false;
  try {
    while (true) {
      await alive(gate.passed);
      const { done, value } = await alive(calls.next(run));
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    if (!ended && !isDead()) await calls.stop(run);
  }
}

/** Lets through while it is open. */
class Gate {
  closed = false;
  passed: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.passed = new Promise((open) => {
      this.#open = open;
    });
  }

  open(): void {
    this.closed = false;
    this.#open();
  }
}
