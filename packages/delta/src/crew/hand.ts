// What a worker of the crew does: one task after the other, as they come. `scripts/bundle-hand.mjs` makes a script of it.
import { decodeChunk, encodeChunk, undoChunk } from '../codecs/exact-tasks.ts';
import { findFactors, multiplyRows } from '../codecs/low-rank-tasks.ts';
import { DeltaError } from '../delta-error.ts';
import type { Answer, Order } from './start-hand.ts';
import type { Task } from './task.ts';

const TASKS: readonly Task<never>[] = [encodeChunk, decodeChunk, undoChunk, findFactors, multiplyRows];
const tasks = new Map(TASKS.map((task) => [task.name, task]));

/** The worker's side of the channel to who began it. */
interface Port {
  onmessage: ((event: { readonly data: Order }) => void) | null;
  postMessage(answer: Answer, transfer: ArrayBuffer[]): void;
}

/** @param port to which it says that it is ready */
export function serve(port: Port): void {
  port.onmessage = async ({ data: { id, task, inputs, options } }) => {
    const answer = await work(task, inputs, options).catch(faultOf);
    const sent = [...inputs, ...(answer.outputs ?? [])].map(({ buffer }) => buffer as ArrayBuffer);
    port.postMessage({ id, inputs, ...answer }, sent);
  };
  port.postMessage({ ready: true }, []);
}

async function work(name: string, inputs: readonly Uint8Array[], options: unknown) {
  const task = tasks.get(name) as Task<unknown>;
  return { outputs: await task.run(inputs, options, async () => {}) };
}

function faultOf(cause: unknown) {
  const { message } = cause as Error;
  return { outputs: null, fault: { message, isKnown: cause instanceof DeltaError } };
}
