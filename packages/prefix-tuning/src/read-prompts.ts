// Prompts and prefixes read from the words of `adapter_config.json`. What an encoder made stands in the files, so that a
// table takes its place, and the configuration stays what it was.
import { type Config, type ConfigReader, configReader, type Family, type Json } from '@peftjs/core';
import { type PromptInit, random } from './initializers.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { multitaskPromptTuning } from './multitask-prompt-tuning.ts';
import { encodedPTuning } from './p-tuning.ts';
import { projectedPrefixTuning } from './prefix-tuning.ts';
import { promptTuning } from './prompt-tuning.ts';

const INIT = Object.keys(random.config);
const SOURCE = ['prompt_tuning_init_state_dict_path', 'prompt_tuning_init_task'];

/** What says nothing that the tensors' shapes do not say. */
const SHAPES = ['num_attention_heads', 'num_layers', 'token_dim'];

function reader(config: Config, keys: readonly string[]): ConfigReader {
  const own = ['num_virtual_tokens', 'num_transformer_submodules', ...SHAPES, ...keys];
  const read = configReader('prefix-tuning', config, own, []);
  const submodules = read.number('num_transformer_submodules', 1);
  if (submodules === 1) return read;
  throw new Error(
    `[peftjs/prefix-tuning] adapter_config.json has num_transformer_submodules ${submodules}, an encoder and a decoder; only 1 is supported`,
  );
}

const tokensOf = (read: ConfigReader) => read.number('num_virtual_tokens');

/** How the prompt began, kept for when it is saved again. */
function initOf(config: Config): PromptInit {
  const given = INIT.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key] as Json] as const]));
  return { ...random, config: { ...random.config, ...Object.fromEntries(given) } };
}

/** What reads prefix tuning. */
export function readPrefixTuning(): Family {
  return {
    type: 'PREFIX_TUNING',
    read(config) {
      const read = reader(config, ['prefix_projection', 'encoder_hidden_size', 'init_weights']);
      const projected = read.flag('prefix_projection', false);
      const method = projectedPrefixTuning({
        tokens: tokensOf(read),
        ...(projected && { projection: { hidden: read.number('encoder_hidden_size') } }),
        zero: config.init_weights === 'zero',
      });
      return [method, ...read.whole()];
    },
  };
}

/** What reads prompt tuning. */
export function readPromptTuning(): Family {
  return {
    type: 'PROMPT_TUNING',
    read(config) {
      const read = reader(config, INIT);
      return [promptTuning({ tokens: tokensOf(read), init: initOf(config) }), ...read.whole()];
    },
  };
}

/** What reads P-tuning, with either encoder. */
export function readPTuning(): Family {
  return {
    type: 'P_TUNING',
    read(config) {
      const keys = ['reparameterization_type', 'hidden_size', 'num_layers', 'dropout'].map((key) => `encoder_${key}`);
      const read = reader(config, keys);
      const hidden = read.number('encoder_hidden_size');
      const kind = read.word('encoder_reparameterization_type', ['MLP', 'LSTM']);
      const encoder =
        kind === 'MLP'
          ? mlp({ hidden })
          : lstm({
              hidden,
              layers: read.number('encoder_num_layers'),
              dropout: read.number('encoder_dropout'),
            });
      return [encodedPTuning({ tokens: tokensOf(read), encoder }), ...read.whole()];
    },
  };
}

/** What reads multitask prompt tuning. */
export function readMultitaskPromptTuning(): Family {
  return {
    type: 'MULTITASK_PROMPT_TUNING',
    read(config) {
      const read = reader(config, [...INIT, ...SOURCE, 'num_tasks', 'num_ranks']);
      const method = multitaskPromptTuning({
        tokens: tokensOf(read),
        tasks: read.number('num_tasks'),
        ranks: read.number('num_ranks'),
        init: initOf(config),
      });
      return [method, ...read.whole()];
    },
  };
}
