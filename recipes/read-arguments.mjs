// @ts-check
import { parseArgs } from 'node:util';

/**
 * What a recipe is told on the command line.
 * @template {string} Flag
 * @param {...Flag} flags other forms of the recipe
 * @returns {{ readonly out: string | null, readonly given: (flag: Flag) => boolean }}
 */
export function readArguments(...flags) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      ...Object.fromEntries(flags.map((flag) => [flag, { type: /** @type {const} */ ('boolean') }])),
    },
  });
  return { out: values.out ?? null, given: (flag) => flag in values };
}
