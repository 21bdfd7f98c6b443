// Trainable tokens read from PEFT's words, alone or beside LoRA.
import { type Config, configReader, type Family, type Json, type Method } from '@peftjs/core';
import { trainableTokens } from './trainable-tokens.ts';

function idsOf(key: string, value: Json): readonly number[] {
  if (Array.isArray(value)) return value as readonly number[];
  throw new Error(`[peftjs/lora] adapter_config.json has ${key} ${JSON.stringify(value)}; a list of ids is needed`);
}

/**
 * What reads trainable tokens.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readTrainableTokens()]);
 */
export function readTrainableTokens(): Family {
  return {
    type: 'TRAINABLE_TOKENS',
    read(config) {
      const read = configReader('lora', config, ['token_indices', 'init_weights']);
      const tokens = idsOf('token_indices', config.token_indices ?? null);
      return [trainableTokens({ tokens, targets: read.targets().modules }), ...read.whole()];
    },
  };
}

/** The tokens that a LoRA's configuration has trained along, for one table or for several alike. */
export function tokensBeside({ trainable_token_indices: indices }: Config): readonly Method[] {
  if (indices == null) return [];
  const isList = Array.isArray(indices);
  const tables = isList ? [['embed', indices] as const] : Object.entries(indices as Record<string, Json>);
  const lists = tables.map(([, list]) => idsOf('trainable_token_indices', list));
  const [tokens] = lists;
  if (tokens === undefined) return [];
  if (lists.some((list) => list.join() !== tokens.join())) {
    throw new Error(
      '[peftjs/lora] adapter_config.json has trainable_token_indices of several tables that differ; only the same for all are supported',
    );
  }
  return [trainableTokens({ tokens, targets: tables.map(([name]) => name), withLora: true })];
}
