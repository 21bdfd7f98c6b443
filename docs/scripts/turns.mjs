// @ts-check
// Turns: tasks that run at the same time, but not more of them than there are cores.
import { availableParallelism } from 'node:os';

/**
 * Gives a function that starts a task when its turn has come: in the order of the calls, with as many at once as `places`.
 * @param {number} [places]
 */
export function createTurns(places = availableParallelism()) {
  let free = places;
  /** @type {(() => void)[]} */
  const waiting = [];
  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  return async (task) => {
    if (free > 0) free--;
    else await new Promise((/** @type {(nothing: void) => void} */ resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
