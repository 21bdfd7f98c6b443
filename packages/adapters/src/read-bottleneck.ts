// Bottleneck adapters as a folder states them.
import type { Family } from '@peftjs/core';
import { ACTIVATIONS } from './activation.ts';
import { bottleneck } from './bottleneck.ts';
import { type Config, checkKeys, named, numberOf, targetsOf, wholeModules } from './read-config.ts';
import { STYLES } from './style.ts';
import type { BottleneckShape } from './through-bottleneck.ts';

export const SHAPE_KEYS: readonly string[] = ['style', 'activation', 'scaling'];

/** @throws naming the key that is missing or wrong */
export function readShape(config: Config): BottleneckShape {
  return {
    style: named(config, 'style', STYLES),
    activation: named(config, 'activation', ACTIVATIONS),
    scaling: numberOf(config, 'scaling'),
  };
}

/**
 * What reads bottleneck adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readBottleneck()]);
 */
export function readBottleneck(): Family {
  return {
    type: 'BOTTLENECK',
    read(config) {
      checkKeys(config, [...SHAPE_KEYS, 'r', 'reduction', 'target_modules']);
      const width =
        config.reduction == null ? { r: numberOf(config, 'r') } : { reduction: numberOf(config, 'reduction') };
      const targets = targetsOf(config);
      return [bottleneck({ ...readShape(config), ...width, targets }), ...wholeModules(config)];
    },
  };
}
