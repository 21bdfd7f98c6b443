// @ts-check
import { parseArgs } from 'node:util';

/**
 * What a recipe is told on the command line.
 * @param {{ readonly quick?: boolean }} has whether there is a quick form of it
 * @returns {{ readonly out: string | null, readonly quick: boolean }}
 */
export function readArguments({ quick = false } = {}) {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, ...(quick && { quick: { type: /** @type {const} */ ('boolean') } }) },
  });
  return { out: values.out ?? null, quick: 'quick' in values && values.quick === true };
}
