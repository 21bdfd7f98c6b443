// A crew whose workers are there, for tests.
import { encodeChunk } from '../src/codecs/exact-tasks.ts';
import { formOf, type NumberForm } from '../src/codecs/ordered-bits.ts';
import { type Crew, createCrew } from '../src/crew/crew.ts';
import type { Task } from '../src/crew/task.ts';
import { numbers } from './models.ts';

export const form = formOf('F32') as NumberForm;
export const bytesOf = (seed: number) => new Uint8Array(numbers(seed, 2 ** 15).buffer);

/** The task, which says when it was this thread that did it. */
export function watched<O>(task: Task<O>) {
  const local = { count: 0 };
  const run: Task<O>['run'] = (...args) => {
    local.count++;
    return task.run(...args);
  };
  return { task: { ...task, run }, local };
}

/** A crew whose workers all took as much as they take at once. */
export async function present(hands: number): Promise<Crew> {
  const crew = createCrew(hands);
  const { task, local } = watched(encodeChunk);
  const last = { count: -1 };
  while (hands > 0 && last.count !== local.count) {
    last.count = local.count;
    await new Promise((resolve) => setTimeout(resolve));
    const some = Array.from({ length: 2 * hands }, () => [bytesOf(1), bytesOf(2)]);
    await Promise.all(some.map((inputs) => crew.run(task, inputs, { form, forward: true })));
  }
  return crew;
}
