// Bottleneck adapters as a folder states them.
import type { Family } from '@peftjs/core';
import { ACTIVATIONS, type Activation } from './activation.ts';
import { bottleneck } from './bottleneck.ts';
import { type Config, checkKeys, named, numberOf, targetsOf, wholeModules } from './read-config.ts';
import { STYLES } from './style.ts';
import type { BottleneckShape } from './through-bottleneck.ts';

export const SHAPE_KEYS: readonly string[] = ['style', 'activation', 'scaling'];

/**
 * @param others activations besides those that are always known
 * @throws naming the key that is missing or wrong
 */
export function readShape(config: Config, others: readonly Activation[] = []): BottleneckShape {
  return {
    style: named(config, 'style', STYLES),
    activation: named(config, 'activation', [...ACTIVATIONS, ...others]),
    scaling: numberOf(config, 'scaling'),
  };
}

/**
 * What reads bottleneck adapters.
 *
 * @param activations of your own, where such adapters are to be read
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readBottleneck()]);
 */
export function readBottleneck(...activations: readonly Activation[]): Family {
  return {
    type: 'BOTTLENECK',
    read(config) {
      checkKeys(config, [...SHAPE_KEYS, 'r', 'reduction', 'target_modules']);
      const stated = ['r', 'reduction'].filter((key) => config[key] != null);
      const width = (stated.length ? stated : ['r']).map((key) => [key, numberOf(config, key)]);
      const targets = targetsOf(config);
      return [
        bottleneck({ ...readShape(config, activations), ...Object.fromEntries(width), targets }),
        ...wholeModules(config),
      ];
    },
  };
}
