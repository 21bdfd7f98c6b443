// LoReFT as a folder states it.
import { configReader, type Family } from '@peftjs/core';
import { loreft } from './loreft.ts';

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
      const read = configReader('adapters', config, NUMBERS, ['target_modules']);
      const [r, first, last] = NUMBERS.map((key) => read.number(key)) as [number, number, number];
      const { modules } = read.targets();
      return [loreft({ r, first, last, targets: modules }), ...read.whole()];
    },
  };
}
