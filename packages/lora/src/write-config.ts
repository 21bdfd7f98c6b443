// LoRA's options in the words of `adapter_config.json`.
import { type Json, type Place, ruleJson } from '@peftjs/core';
import type { LoraConfig } from './options.ts';

/** PEFT's keys for LoRA. */
export function writeConfig(config: LoraConfig, { modules, sites }: Place): Record<string, Json> {
  return {
    target_modules: modules,
    exclude_modules: ruleJson(config.exclude),
    layers_to_transform: ruleJson(config.layers),
    layers_pattern: ruleJson(config.layersPattern),
    r: config.r,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    bias: config.bias,
    init_lora_weights: config.init.name,
    ...config.init.config,
    rank_pattern: config.rankPattern,
    alpha_pattern: config.alphaPattern,
    use_rslora: config.rslora,
    fan_in_fan_out: sites.some((site) => 'transposed' in site && site.transposed),
  };
}
