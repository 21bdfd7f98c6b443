// LoRA's options in the words of `adapter_config.json`.
import type { Json } from '@peftjs/core';
import type { LoraConfig } from './options.ts';

/** PEFT's keys for LoRA; core adds the targets, the base and the type. */
export function writeConfig(config: LoraConfig, dora: boolean): Record<string, Json> {
  return {
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
  };
}
