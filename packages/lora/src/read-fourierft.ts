// FourierFT's options read from PEFT's words.
import { configReader, type Family } from '@peftjs/core';
import { fourierft } from './fourierft.ts';

const KEYS = 'n_frequency n_frequency_pattern scaling random_loc_seed init_weights fan_in_fan_out bias'.split(' ');

/**
 * What reads FourierFT adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readFourierft()]);
 */
export function readFourierft(): Family {
  return {
    type: 'FOURIERFT',
    read(config) {
      const read = configReader('lora', config, KEYS);
      read.word('bias', ['none']);
      const { modules: targets, exclude, layers, layersPattern } = read.targets();
      const method = fourierft({
        n: read.number('n_frequency', 1000),
        nPattern: (config.n_frequency_pattern ?? {}) as Record<string, number>,
        scaling: read.number('scaling', 150),
        places: read.number('random_loc_seed', 777),
        zero: read.flag('init_weights', false),
        targets,
        ...(exclude && { exclude }),
        ...(layers && { layers }),
        ...(layersPattern && { layersPattern }),
      });
      return [method, ...read.whole()];
    },
  };
}
