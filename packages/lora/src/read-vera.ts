// VeRA's options read from PEFT's words.
import { configReader, type Family } from '@peftjs/core';
import { vera } from './vera.ts';

const KEYS = 'r d_initial projection_prng_key save_projection vera_dropout fan_in_fan_out init_weights bias'.split(' ');

/**
 * What reads VeRA adapters, with their projections or without.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readVera()]);
 */
export function readVera(): Family {
  return {
    type: 'VERA',
    read(config) {
      const read = configReader('lora', config, KEYS);
      read.word('bias', ['none']);
      const { modules: targets, exclude, layers, layersPattern } = read.targets();
      const method = vera({
        r: read.number('r', 256),
        start: read.number('d_initial', 0.1),
        projection: read.number('projection_prng_key', 0),
        saveProjection: read.flag('save_projection', true),
        dropout: read.number('vera_dropout', 0),
        targets,
        ...(exclude && { exclude }),
        ...(layers && { layers }),
        ...(layersPattern && { layersPattern }),
      });
      return [method, ...read.whole()];
    },
  };
}
