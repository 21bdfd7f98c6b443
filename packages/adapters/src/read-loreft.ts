// LoReFT as a folder states it.
import type { Family } from '@peftjs/core';
import { loreft } from './loreft.ts';
import { checkKeys, numberOf, targetsOf, wholeModules } from './read-config.ts';

const NUMBERS = ['r', 'first', 'last'] as const;

/**
 * What reads LoReFT adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readLoreft()]);
 */
export function readLoreft(): Family {
  return {
    type: 'LOREFT',
    read(config) {
      checkKeys(config, [...NUMBERS, 'target_modules']);
      const [r, first, last] = NUMBERS.map((key) => numberOf(config, key)) as [number, number, number];
      return [loreft({ r, first, last, targets: targetsOf(config) }), ...wholeModules(config)];
    },
  };
}
