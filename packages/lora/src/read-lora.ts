// LoRA's options read from the words of `adapter_config.json`.
import { type Family, type Json, type Method, modulesToSave, nearest } from '@peftjs/core';
import { biases } from './biases.ts';
import { dora } from './dora.ts';
import { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
import { lora } from './lora.ts';
import type { LoraOptions } from './options.ts';

/** Keys that say nothing about what the adapter computes. */
const SILENT = new Set(
  'auto_mapping base_model_name_or_path ensure_weight_tying fan_in_fan_out inference_mode megatron_core peft_type peft_version qalora_group_size revision runtime_config task_type'.split(
    ' ',
  ),
);
const READ = new Set(
  'r lora_alpha lora_dropout bias init_lora_weights lora_bias rank_pattern alpha_pattern use_rslora use_dora modules_to_save target_modules exclude_modules layers_to_transform layers_pattern'.split(
    ' ',
  ),
);

const BIAS = ['none', 'all', 'lora_only'];

function saysNothing(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}

/**
 * The options that a configuration states.
 *
 * @throws when it asks for something that this package cannot do, rather than leave it out
 */
function readOptions(config: Readonly<Record<string, Json>>, inits: readonly Initializer[]): LoraOptions {
  const foreign = Object.keys(config).find(
    (key) => !SILENT.has(key) && !READ.has(key) && !saysNothing(config[key] as Json),
  );
  if (foreign !== undefined) {
    throw new Error(
      `[peftjs/lora] adapter_config.json asks for "${foreign}", which is not supported${nearest(foreign, READ)}`,
    );
  }
  const known = [kaiming, gaussian, noisy, ...inits];
  const wanted = config.init_lora_weights ?? true;
  const init = known.find(({ name }) => name === wanted);
  if (init === undefined) {
    throw new Error(
      `[peftjs/lora] adapter_config.json has init_lora_weights ${JSON.stringify(wanted)}; read it with readLora(…) and that initializer` +
        nearest(
          String(wanted),
          known.map((i) => String(i.name)),
        ),
    );
  }
  const bias = config.bias ?? 'none';
  if (!BIAS.includes(bias as string)) {
    throw new Error(`[peftjs/lora] adapter_config.json has bias ${JSON.stringify(bias)}${nearest(String(bias), BIAS)}`);
  }
  const given = <T>(key: string, name: string): Record<string, T> =>
    config[key] == null ? {} : { [name]: config[key] as T };
  return {
    ...given<number>('r', 'r'),
    alpha: Number(config.lora_alpha ?? 8),
    ...given('lora_dropout', 'dropout'),
    bias: bias === 'none' ? 'none' : 'lora_only',
    ...given('lora_bias', 'loraBias'),
    ...given('rank_pattern', 'rankPattern'),
    ...given('alpha_pattern', 'alphaPattern'),
    ...given('use_rslora', 'rslora'),
    ...given('target_modules', 'targets'),
    ...given('exclude_modules', 'exclude'),
    ...(config.layers_to_transform == null ? {} : { layers: [config.layers_to_transform].flat() as number[] }),
    ...given('layers_pattern', 'layersPattern'),
    init,
  };
}

/**
 * What reads LoRA and DoRA adapters.
 *
 * @param inits initializers that change the base, where such adapters are to be read: `readLora(pissa, olora)`
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readLora()]);
 */
export function readLora(...inits: readonly Initializer[]): Family {
  return {
    type: 'LORA',
    read(config): readonly Method[] {
      const options = readOptions(config, inits);
      const method = config.use_dora === true ? dora(options) : lora(options);
      const whole = (config.modules_to_save ?? []) as readonly string[];
      return [
        method,
        ...(whole.length > 0 ? [modulesToSave(whole)] : []),
        ...(config.bias === 'all' ? [biases()] : []),
      ];
    },
  };
}
