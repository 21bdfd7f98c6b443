// LoRA's options in the words of `adapter_config.json`.
import { type Json, type Place, ruleJson } from '@peftjs/core';
import type { LoraConfig } from './options.ts';

/** PEFT's keys for LoRA. */
export function writeConfig(config: LoraConfig, dora: boolean, place: Place): Record<string, Json> {
  const { exclude, layers, layersPattern } = config.targets;
  return {
    target_modules: place.modules,
    exclude_modules: ruleJson(exclude),
    layers_to_transform: ruleJson(layers),
    layers_pattern: ruleJson(layersPattern),
    r: config.r,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    bias: config.bias,
    init_lora_weights: config.init.name,
    lora_bias: config.loraBias,
    rank_pattern: config.rankPattern,
    alpha_pattern: config.alphaPattern,
    use_rslora: config.rslora,
    use_dora: dora,
    fan_in_fan_out: place.sites.some((site) => site.kind === 'linear' && site.transposed),
  };
}
