// AdapterFusion as a folder states it.
import { type Config, configReader, type Family } from '@peftjs/core';
import { makeFusion } from './make-fusion.ts';
import { readShape, SHAPE_KEYS } from './read-bottleneck.ts';
import type { FusedShape } from './trained-bottlenecks.ts';

function readFused(config: Config): FusedShape {
  const read = configReader('adapters', config, [...SHAPE_KEYS, 'r'], []);
  return { ...readShape(read), r: read.number('r') };
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
      const read = configReader('adapters', config, ['adapters', 'regularization'], ['target_modules']);
      const { adapters } = config;
      if (!Array.isArray(adapters) || adapters.length === 0) {
        throw new Error('[peftjs/adapters] adapter_config.json has no adapters; a fusion needs some');
      }
      const shapes = (adapters as readonly Config[]).map(readFused);
      return [makeFusion({ shapes }, read.targets().modules, read.number('regularization')), ...read.whole()];
    },
  };
}
