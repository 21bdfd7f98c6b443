// AdaLoRA's options read from PEFT's words.
import { configReader, type Family } from '@peftjs/core';
import { adalora } from './adalora.ts';

const KEYS =
  'init_r target_r lora_alpha lora_dropout orth_reg_weight tinit tfinal deltaT beta1 beta2 total_step rank_pattern fan_in_fan_out bias'.split(
    ' ',
  );
/** Keys of LoRA that say nothing of AdaLoRA. */
const SILENT = ['r', 'init_lora_weights', 'megatron_core', 'qalora_group_size'];

/**
 * What reads AdaLoRA adapters, whole or with the ranks that PEFT has kept.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readAdalora()]);
 */
export function readAdalora(): Family {
  return {
    type: 'ADALORA',
    read(config) {
      const read = configReader('lora', config, [...KEYS, ...SILENT]);
      read.word('bias', ['none']);
      const { modules: targets, exclude, layers, layersPattern } = read.targets();
      const method = adalora({
        r: read.number('init_r', 12),
        alpha: read.number('lora_alpha', 8),
        dropout: read.number('lora_dropout', 0),
        orthogonality: read.number('orth_reg_weight', 0.5),
        target: read.number('target_r', 8),
        warmup: read.number('tinit', 0),
        settle: read.number('tfinal', 0),
        every: read.number('deltaT', 1),
        beta1: read.number('beta1', 0.85),
        beta2: read.number('beta2', 0.85),
        steps: read.number('total_step'),
        targets,
        ...(exclude && { exclude }),
        ...(layers && { layers }),
        ...(layersPattern && { layersPattern }),
        ...(config.rank_pattern ? { kept: config.rank_pattern as Record<string, boolean[]> } : {}),
      });
      return [method, ...read.whole()];
    },
  };
}
