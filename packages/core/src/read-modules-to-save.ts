// Modules that were trained whole with no method beside them: a type that PEFT does not know.
import { configReader } from './config-reader.ts';
import type { Family } from './method.ts';

/**
 * What reads an adapter of `modulesToSave` alone.
 *
 * @example
 * const head = await restore(model, await loadAdapter('out/head'), [readModulesToSave()]);
 */
export function readModulesToSave(): Family {
  return {
    type: 'MODULES_TO_SAVE',
    read(config) {
      const methods = configReader('core', config, [], []).whole();
      if (methods.length > 0) return methods;
      const found = JSON.stringify(config.modules_to_save ?? null);
      throw new Error(`[peftjs/core] adapter_config.json has modules_to_save ${found}; names are needed`);
    },
  };
}
