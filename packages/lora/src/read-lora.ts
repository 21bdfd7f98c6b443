// LoRA's options read from the words of `adapter_config.json`.
import { type Config, configReader, type Family, type Method, nearest } from '@peftjs/core';
import { alora } from './alora.ts';
import { biases, bitfit, NO_TARGETS } from './biases.ts';
import { dora } from './dora.ts';
import { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
import { lora } from './lora.ts';
import { loraWithBias } from './lora-with-bias.ts';
import { qalora } from './qalora.ts';
import { tokensBeside } from './read-trainable-tokens.ts';

const KEYS =
  'alora_invocation_tokens trainable_token_indices r lora_alpha lora_dropout bias init_lora_weights lora_bias rank_pattern alpha_pattern use_rslora use_dora fan_in_fan_out ensure_weight_tying megatron_core use_qalora qalora_group_size'.split(
    ' ',
  );

function initOf(config: Config, inits: readonly Initializer[]): Initializer {
  const { init_lora_weights: wanted = true } = config;
  const known = [kaiming, gaussian, noisy, ...inits];
  const init = known.find(({ name }) => name === (wanted ?? true));
  if (init) {
    for (const [key, value] of Object.entries(init.config ?? {})) {
      const [found, own] = [config[key] ?? null, value].map((one) => JSON.stringify(one));
      if (found !== own) {
        throw new Error(
          `[peftjs/lora] adapter_config.json has ${key} ${found}; the initializer given to readLora(…) says ${own}`,
        );
      }
    }
    return init;
  }
  const names = known.map(({ name }) => String(name));
  throw new Error(
    `[peftjs/lora] adapter_config.json has init_lora_weights ${JSON.stringify(wanted)}; read it with readLora(…) and that initializer${nearest(String(wanted), names)}`,
  );
}

/** @param init the initializer that the adapter was made with, which may have keys of its own */
const readerOf = (config: Config, init: Initializer) =>
  configReader('lora', config, [...KEYS, ...Object.keys(init.config ?? {})]);

function methodOf(config: Config, inits: readonly Initializer[]): readonly Method[] {
  const init = initOf(config, inits);
  const read = readerOf(config, init);
  const { modules: targets, exclude, layers, layersPattern } = read.targets();
  const bias = read.word('bias', ['none', 'all', 'lora_only']);
  if (targets === NO_TARGETS) {
    if (bias === 'all') return [bitfit(), ...read.whole()];
    throw new Error(
      `[peftjs/lora] adapter_config.json has target_modules "${NO_TARGETS}" without bias "all"; it trains nothing`,
    );
  }
  const options = {
    targets,
    exclude,
    layers,
    layersPattern,
    r: read.number('r', 8),
    alpha: read.number('lora_alpha', 8),
    dropout: read.number('lora_dropout', 0),
    rslora: read.flag('use_rslora', false),
    rankPattern: (config.rank_pattern ?? {}) as Record<string, number>,
    alphaPattern: (config.alpha_pattern ?? {}) as Record<string, number>,
    init,
  };
  const variants = { dora: read.flag('use_dora', false), biased: read.flag('lora_bias', false) };
  if (variants.biased && (variants.dora || bias !== 'none')) {
    throw new Error(
      `[peftjs/lora] adapter_config.json has lora_bias beside ${variants.dora ? 'use_dora' : `bias ${JSON.stringify(bias)}`}; PEFT has no such adapter`,
    );
  }
  if (read.flag('use_qalora', false)) {
    const beside = [...Object.values(variants), bias !== 'none', Array.isArray(config.alora_invocation_tokens)];
    if (beside.includes(true)) {
      throw new Error(
        '[peftjs/lora] adapter_config.json has use_qalora beside use_dora, alora_invocation_tokens or a bias; PEFT has no such adapter',
      );
    }
    return [qalora({ ...options, group: read.number('qalora_group_size', 16) }), ...read.whole()];
  }
  if (variants.biased) return [loraWithBias(options), ...read.whole()];
  const { alora_invocation_tokens: invocation } = config;
  if (Array.isArray(invocation)) {
    if (variants.dora || bias !== 'none') {
      throw new Error(
        '[peftjs/lora] adapter_config.json has alora_invocation_tokens beside use_dora or a bias; leave those out',
      );
    }
    return [alora({ ...options, invocation: invocation as readonly number[] }), ...read.whole()];
  }
  const method = (variants.dora ? dora : lora)({ ...options, bias: bias === 'none' ? bias : 'lora_only' });
  return [method, ...read.whole(), ...(bias === 'all' ? [biases()] : [])];
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
    read: (config) => [...methodOf(config, inits), ...tokensBeside(config)],
    async prepare(config, host) {
      const ready = async (init: Initializer) => {
        if (!init.prepare || init.name !== config.init_lora_weights) return init;
        return init.prepare(host, readerOf(config, init).targets());
      };
      return readLora(...(await Promise.all(inits.map(ready))));
    },
  };
}
