// Starts workers, in Node and its like or on a page. Where none can be started that is no fault: there is no hand.
import { HAND } from './hand.gen.ts';

/** What a worker is to do. Its inputs go there, and come back. */
export interface Order {
  readonly id: number;
  readonly task: string;
  readonly inputs: readonly Uint8Array[];
  readonly options: unknown;
}

export type Answer = { readonly ready: true } | Done;

/** What came of it: outputs, or why there are none, and whether that is one of the package's own errors. */
export interface Done {
  readonly id: number;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[] | null;
  readonly fault?: { readonly message: string; readonly isKnown: boolean };
}

export interface Hand {
  post(order: Order): void;
  /** Whether a process goes on for it. It does not from the beginning. */
  hold(is: boolean): void;
  end(): void;
}

export interface HandEvents {
  /** What it says: first that it is ready. */
  readonly answer: (answer: Answer) => void;
  /** Nothing will come of it any more. */
  readonly lost: (why: string) => void;
}

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface Threads {
  readonly Worker: new (code: string, options: object) => NodeWorker;
}

/** Megabytes of short-lived objects: it has few, and a worker takes no more memory than it needs. */
const YOUNG = 4;

function builtin<T>(name: string): T | null {
  return (globalThis.process?.getBuiltinModule?.(name) as T | undefined) ?? null;
}

/** How many threads run at once here. */
export function coreCount(): number {
  const os = builtin<{ availableParallelism(): number }>('node:os');
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** @throws where there are no workers, or none is let start */
export function startHand(events: HandEvents): Hand {
  const threads = builtin<Threads>('node:worker_threads');
  return threads ? inProcess(threads, events) : onPage(events);
}

function inProcess({ Worker }: Threads, { answer, lost }: HandEvents): Hand {
  const code = `${HAND}\nhand.serve(require('node:worker_threads').parentPort)`;
  const worker = new Worker(code, { eval: true, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG } });
  worker.on('message', (value) => answer(value as Answer));
  worker.on('error', (cause) => lost((cause as Error).message));
  worker.on('exit', (code) => lost(`it ended with ${code}`));
  worker.unref();
  return {
    post: (order) => worker.postMessage(order, buffersOf(order)),
    hold: (is) => (is ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

function onPage({ answer, lost }: HandEvents): Hand {
  const url = URL.createObjectURL(new Blob([`${HAND}\nhand.serve(self)`], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }) => answer(data);
  worker.onerror = (event) => {
    event.preventDefault();
    lost(event.message);
  };
  return {
    post: (order) => worker.postMessage(order, buffersOf(order)),
    hold: () => {},
    end() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

function buffersOf({ inputs }: Order): ArrayBuffer[] {
  return inputs.map(({ buffer }) => buffer as ArrayBuffer);
}
