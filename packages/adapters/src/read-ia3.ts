// (IA)3's options read from PEFT's words.
import { configReader, type Family, type Targets } from '@peftjs/core';
import { ia3 } from './ia3.ts';

const KEYS = ['feedforward_modules', 'fan_in_fan_out', 'init_ia3_weights'];

/**
 * What reads (IA)3 adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readIa3()]);
 */
export function readIa3(): Family {
  return {
    type: 'IA3',
    read(config) {
      const read = configReader('adapters', config, KEYS, ['target_modules', 'exclude_modules']);
      const { target_modules, feedforward_modules, exclude_modules } = config as Record<string, Targets['modules']>;
      const method = ia3({
        ...(target_modules && { targets: target_modules }),
        ...(feedforward_modules && { feedforward: feedforward_modules }),
        ...(exclude_modules && { exclude: exclude_modules }),
      });
      return [method, ...read.whole()];
    },
  };
}
