// Bottleneck adapters as a folder states them.
import { type Config, type ConfigReader, configReader, type Family } from '@peftjs/core';
import { ACTIVATIONS, type Activation } from './activation.ts';
import { bottleneck } from './bottleneck.ts';
import { STYLES } from './style.ts';
import type { BottleneckShape } from './through-bottleneck.ts';

export const SHAPE_KEYS: readonly string[] = ['style', 'activation', 'scaling'];

/** @throws naming a key that no bottleneck has */
export function bottleneckReader(config: Config): ConfigReader {
  return configReader('adapters', config, [...SHAPE_KEYS, 'r', 'reduction'], ['target_modules']);
}

/**
 * @param others activations besides those that are always known
 * @throws naming the key that is missing or wrong
 */
export function readShape(read: ConfigReader, others: readonly Activation[] = []): BottleneckShape {
  return {
    style: read.named('style', STYLES),
    activation: read.named('activation', [...ACTIVATIONS, ...others]),
    scaling: read.number('scaling'),
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
      const read = bottleneckReader(config);
      const stated = ['r', 'reduction'].filter((key) => config[key] != null);
      const width = (stated.length ? stated : ['r']).map((key) => [key, read.number(key)]);
      const { modules: targets } = read.targets();
      return [bottleneck({ ...readShape(read, activations), ...Object.fromEntries(width), targets }), ...read.whole()];
    },
  };
}
