// (IA)3's options read from PEFT's words.
import type { Family, Targets } from '@peftjs/core';
import { ia3 } from './ia3.ts';
import { checkKeys, wholeModules } from './read-config.ts';

const KEYS = ['target_modules', 'feedforward_modules', 'exclude_modules', 'fan_in_fan_out', 'init_ia3_weights'];

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
      checkKeys(config, KEYS);
      const { target_modules, feedforward_modules, exclude_modules } = config as Record<string, Targets['modules']>;
      const method = ia3({
        ...(target_modules && { targets: target_modules }),
        ...(feedforward_modules && { feedforward: feedforward_modules }),
        ...(exclude_modules && { exclude: exclude_modules }),
      });
      return [method, ...wholeModules(config)];
    },
  };
}
