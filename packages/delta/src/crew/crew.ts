// Workers for what takes long: tasks go to those that have little to do, and what is beyond them is done on this thread. Which of them
// does a task changes nothing about what it gives.
import type { Pause } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { freeMemory } from '../free-memory.ts';
import { type Answer, coreCount, type Done, type Hand, type HandEvents, startHand } from './start-hand.ts';
import type { Outputs, Task } from './task.ts';

export interface Crew {
  /** Inputs that go to a worker are copied before it returns. */
  run<O>(task: Task<O>, inputs: readonly Uint8Array[], options: O, pause?: Pause): Promise<Outputs>;
  /** Ends the workers; a task that comes later may start others. */
  end(): void;
}

/** Workers at most: more than these are kept waiting by what this thread does between tasks. */
const MOST = 4;
/** Tasks that a worker has at once: one that it does, and one that it need not wait for. */
const DEPTH = 2;
/** Work on this thread, ms, that shows that there is more: about what it takes to start a worker. */
const ENOUGH = 50;
/** Bytes of memory that are kept for the next tasks. */
const KEPT = 2 ** 22;
/** How long workers stay when there is nothing to do, ms. */
const IDLE = 2000;

interface Pending {
  readonly resolve: (outputs: Outputs) => void;
  readonly reject: (cause: Error) => void;
}

interface Worker {
  readonly hand: Hand;
  readonly pending: Map<number, Pending>;
  isReady: boolean;
}

/** @param hands how many workers it may have */
export function createCrew(hands: number, start: (events: HandEvents) => Hand = startHand): Crew {
  const workers = new Set<Worker>();
  const spare = createSpare();
  let [left, spent, orders] = [hands, 0, 0];
  let closing: ReturnType<typeof setTimeout> | undefined;

  function engage(): void {
    while (left > 0) {
      left--;
      const pending = new Map<number, Pending>();
      try {
        const hand = start({ answer: (answer) => hear(worker, answer), lost: (why) => lose(worker, why) });
        const worker: Worker = { hand, pending, isReady: false };
        workers.add(worker);
      } catch {
        left = 0;
      }
    }
    rest();
  }
  function hear(worker: Worker, answer: Answer): void {
    if ('ready' in answer) {
      worker.isReady = true;
      return;
    }
    const { resolve, reject } = worker.pending.get(answer.id) as Pending;
    worker.pending.delete(answer.id);
    spare.keep(answer.inputs);
    if (worker.pending.size === 0) worker.hand.hold(false);
    rest();
    if (answer.outputs) resolve(answer.outputs);
    else reject(errorOf(answer));
  }
  /** It is not replaced: where one was lost others would be. */
  function lose(worker: Worker, why: string): void {
    workers.delete(worker);
    for (const { reject } of worker.pending.values()) reject(new DeltaError(`a worker was lost: ${why}`));
    worker.pending.clear();
  }
  function end(): void {
    clearTimeout(closing);
    for (const worker of workers) worker.hand.end();
    left += workers.size;
    workers.clear();
    spare.drop();
    spent = 0;
  }
  /** Sends them away if nothing comes for a while. */
  function rest(): void {
    clearTimeout(closing);
    if ([...workers].some(({ pending }) => pending.size > 0)) return;
    closing = setTimeout(end, IDLE);
    // In a page a timer is a number, and holds nothing.
    (closing as { unref?(): void }).unref?.();
  }
  function least(): Worker | null {
    let found: Worker | null = null;
    for (const worker of workers)
      if (worker.isReady && worker.pending.size < (found?.pending.size ?? DEPTH)) found = worker;
    return found;
  }

  return {
    async run(task, inputs, options, pause = async () => {}) {
      const worker = least();
      if (worker) {
        clearTimeout(closing);
        const id = orders++;
        const order = { id, task: task.name, inputs: inputs.map(spare.copy), options };
        worker.hand.post(order);
        worker.hand.hold(true);
        return new Promise((resolve, reject) => worker.pending.set(id, { resolve, reject }));
      }
      const begun = performance.now();
      const outputs = await task.run(inputs, options, pause);
      spent += performance.now() - begun;
      if (left > 0 && spent > ENOUGH) engage();
      return outputs;
    },
    end,
  };
}

function errorOf({ fault }: Done): Error {
  const { message, isKnown } = fault as NonNullable<Done['fault']>;
  return isKnown ? new DeltaError(message.replace('[peftjs/delta] ', '')) : new Error(message);
}

/** Memory that inputs go to workers in, and come back in. */
function createSpare() {
  let [spare, held]: [ArrayBuffer[], number] = [[], 0];
  return {
    copy(bytes: Uint8Array): Uint8Array {
      const at = spare.findIndex(({ byteLength }) => byteLength >= bytes.length && byteLength <= 2 * bytes.length);
      const [buffer] = at < 0 ? [] : spare.splice(at, 1);
      held -= buffer?.byteLength ?? 0;
      const copy = new Uint8Array(buffer ?? new ArrayBuffer(bytes.length), 0, bytes.length);
      copy.set(bytes);
      return copy;
    },
    keep(inputs: readonly Uint8Array[]): void {
      for (const { buffer } of inputs) {
        spare.push(buffer as ArrayBuffer);
        held += buffer.byteLength;
      }
      while (held > KEPT) {
        const oldest = spare.shift() as ArrayBuffer;
        held -= oldest.byteLength;
        freeMemory([new Uint8Array(oldest)]);
      }
    },
    drop(): void {
      [spare, held] = [[], 0];
    },
  };
}

let own: Crew | null = null;

/** The program's own. */
export function crew(): Crew {
  own ??= createCrew(Math.min(MOST, coreCount() - 1));
  return own;
}
