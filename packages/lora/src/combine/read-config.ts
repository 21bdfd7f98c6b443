// What `adapter_config.json` says of a LoRA adapter that combining has to know.
import { type Json, nearest, patternFor } from '@peftjs/core';

/** Keys that say nothing about what a trained adapter computes. */
const SILENT: readonly string[] = [
  ...[
    'auto_mapping',
    'base_model_name_or_path',
    'ensure_weight_tying',
    'eva_config',
    'fan_in_fan_out',
    'inference_mode',
  ],
  ...['lora_dropout', 'megatron_core', 'peft_type', 'peft_version', 'qalora_group_size', 'revision', 'runtime_config'],
  ...['task_type', 'target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern'],
];
const READ: readonly string[] = [
  ...['r', 'lora_alpha', 'rank_pattern', 'alpha_pattern', 'use_rslora', 'use_dora'],
  ...['bias', 'lora_bias', 'modules_to_save', 'init_lora_weights'],
];
const KNOWN = new Set([...SILENT, ...READ]);

/** Starting values that leave the base as it is. */
const INITS: readonly Json[] = [true, false, 'gaussian', 'eva', 'orthogonal'];

export interface LoraFacts {
  readonly dora: boolean;
  readonly bias: string;
  readonly modulesToSave: readonly string[];
  rankAt(path: string): number;
  /** alpha / r; rsLoRA alpha / sqrt(r). */
  scaleAt(path: string): number;
}

function saysNothing(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}

/**
 * @param who names the adapter in errors
 * @throws when it is no LoRA, or one that computes something else than the base with B A added
 */
export function readConfig(config: Readonly<Record<string, Json>>, who: string): LoraFacts {
  const fail = (what: string): never => {
    throw new Error(`[peftjs/lora] ${who} ${what}`);
  };
  const { peft_type: type, r = 8, lora_alpha: alpha = 8, init_lora_weights: init = true } = config;
  if (type !== 'LORA') fail(`is of type ${JSON.stringify(type)}; only LoRA adapters can be combined`);
  const foreign = Object.keys(config).find((key) => !KNOWN.has(key) && !saysNothing(config[key] as Json));
  if (foreign !== undefined) fail(`asks for "${foreign}", which cannot be combined${nearest(foreign, KNOWN)}`);
  if (init !== null && !INITS.includes(init)) {
    fail(
      `started with init_lora_weights ${JSON.stringify(init)}, which changes the base too; merge it into the base and extract it with extractLoraBetween`,
    );
  }
  const ranks = (config.rank_pattern ?? {}) as Record<string, number>;
  const alphas = (config.alpha_pattern ?? {}) as Record<string, number>;
  const odd = [r, alpha, ...Object.values(ranks), ...Object.values(alphas)].find((n) => !Number.isFinite(n));
  if (odd !== undefined) fail(`has ${JSON.stringify(odd)} for a rank or an alpha; give numbers`);
  const rankAt = (path: string) => patternFor(ranks, path) ?? (r as number);
  return {
    dora: config.use_dora === true,
    bias: String(config.bias ?? 'none'),
    modulesToSave: (config.modules_to_save ?? []) as readonly string[],
    rankAt,
    scaleAt(path) {
      const rank = rankAt(path);
      return (patternFor(alphas, path) ?? (alpha as number)) / (config.use_rslora === true ? Math.sqrt(rank) : rank);
    },
  };
}
