// AdapterFusion as a folder states it.
import type { Family } from '@peftjs/core';
import { makeFusion } from './make-fusion.ts';
import { readShape, SHAPE_KEYS } from './read-bottleneck.ts';
import { type Config, checkKeys, numberOf, targetsOf, wholeModules } from './read-config.ts';
import type { FusedShape } from './trained-bottlenecks.ts';

function readFused(config: Config): FusedShape {
  checkKeys(config, [...SHAPE_KEYS, 'r']);
  return { ...readShape(config), r: numberOf(config, 'r') };
}

/**
 * What reads fusions of bottleneck adapters.
 *
 * @example
 * const both = await restore(model, await loadAdapter('out/both'), [readFusion()]);
 */
export function readFusion(): Family {
  return {
    type: 'ADAPTER_FUSION',
    read(config) {
      checkKeys(config, ['adapters', 'regularization', 'target_modules']);
      const { adapters } = config;
      if (!Array.isArray(adapters) || adapters.length === 0) {
        throw new Error('[peftjs/adapters] adapter_config.json has no adapters; a fusion needs some');
      }
      const shapes = (adapters as readonly Config[]).map(readFused);
      return [makeFusion({ shapes }, targetsOf(config), numberOf(config, 'regularization')), ...wholeModules(config)];
    },
  };
}
