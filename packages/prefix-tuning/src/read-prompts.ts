// Prompts and prefixes read from the words of `adapter_config.json`. What an encoder made stands in the files, so that a
// table takes its place, and the configuration stays what it was.
import type { Family, Json } from '@peftjs/core';
import { type PromptInit, random } from './initializers.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { multitaskPromptTuning } from './multitask-prompt-tuning.ts';
import { encodedPTuning } from './p-tuning.ts';
import { projectedPrefixTuning } from './prefix-tuning.ts';
import { promptTuning } from './prompt-tuning.ts';
import { checkKeys, readNumber, readWord, withModules } from './read-config.ts';

type Config = Readonly<Record<string, Json>>;

const INIT = Object.keys(random.config);
const SOURCE = ['prompt_tuning_init_state_dict_path', 'prompt_tuning_init_task'];

const tokensOf = (config: Config) => readNumber(config, 'num_virtual_tokens');

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
      checkKeys(config, ['prefix_projection', 'encoder_hidden_size', 'init_weights']);
      const projected = config.prefix_projection === true;
      const method = projectedPrefixTuning({
        tokens: tokensOf(config),
        ...(projected && { projection: { hidden: readNumber(config, 'encoder_hidden_size') } }),
        zero: config.init_weights === 'zero',
      });
      return withModules(config, method);
    },
  };
}

/** What reads prompt tuning. */
export function readPromptTuning(): Family {
  return {
    type: 'PROMPT_TUNING',
    read(config) {
      checkKeys(config, INIT);
      return withModules(config, promptTuning({ tokens: tokensOf(config), init: initOf(config) }));
    },
  };
}

/** What reads P-tuning, with either encoder. */
export function readPTuning(): Family {
  return {
    type: 'P_TUNING',
    read(config) {
      const keys = ['reparameterization_type', 'hidden_size', 'num_layers', 'dropout'].map((key) => `encoder_${key}`);
      checkKeys(config, keys);
      const hidden = readNumber(config, 'encoder_hidden_size');
      const kind = readWord(config, 'encoder_reparameterization_type', ['MLP', 'LSTM']);
      const encoder =
        kind === 'MLP'
          ? mlp({ hidden })
          : lstm({
              hidden,
              layers: readNumber(config, 'encoder_num_layers'),
              dropout: readNumber(config, 'encoder_dropout'),
            });
      return withModules(config, encodedPTuning({ tokens: tokensOf(config), encoder }));
    },
  };
}

/** What reads multitask prompt tuning. */
export function readMultitaskPromptTuning(): Family {
  return {
    type: 'MULTITASK_PROMPT_TUNING',
    read(config) {
      checkKeys(config, [...INIT, ...SOURCE, 'num_tasks', 'num_ranks']);
      const method = multitaskPromptTuning({
        tokens: tokensOf(config),
        tasks: readNumber(config, 'num_tasks'),
        ranks: readNumber(config, 'num_ranks'),
        init: initOf(config),
      });
      return withModules(config, method);
    },
  };
}
