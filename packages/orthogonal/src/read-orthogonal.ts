// The options of OFT, BOFT and HRA read from PEFT's words.
import { type Config, type ConfigReader, configReader, type Family } from '@peftjs/core';
import type { BlockOptions } from './block-size.ts';
import { boft } from './boft.ts';
import { hra } from './hra.ts';
import { oft } from './oft.ts';
import { readTargets } from './target-options.ts';

/** @param single keys that have one value here */
function reader(config: Config, keys: readonly string[], single: Readonly<Record<string, number>> = {}): ConfigReader {
  const found = configReader('orthogonal', config, [...keys, ...Object.keys(single), 'bias', 'init_weights']);
  found.word('bias', ['none']);
  for (const [key, value] of Object.entries(single)) {
    if (config[key] == null || config[key] === value) continue;
    throw new Error(`[peftjs/orthogonal] adapter_config.json has ${key} ${config[key]}; only ${value} is supported`);
  }
  return found;
}

function blocksOf(read: ConfigReader, sizeKey: string, countKey: string, size: number): BlockOptions {
  const blockSize = read.number(sizeKey, size);
  return blockSize > 0 ? { blockSize } : { blocks: read.number(countKey) };
}

/**
 * What reads OFT adapters.
 *
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readOft()]);
 */
export function readOft(): Family {
  return {
    type: 'OFT',
    read(config) {
      // `eps` belongs to `coft`.
      const keys = ['r', 'oft_block_size', 'block_share', 'use_cayley_neumann', 'num_cayley_neumann_terms', 'eps'];
      const read = reader(config, keys, { module_dropout: 0 });
      const method = oft({
        ...readTargets(read.targets()),
        ...blocksOf(read, 'oft_block_size', 'r', 32),
        shared: read.flag('block_share', false),
        terms: read.flag('use_cayley_neumann', true) ? read.number('num_cayley_neumann_terms', 5) : 'exact',
      });
      return [method, ...read.whole()];
    },
  };
}

/** What reads BOFT adapters of one butterfly factor. */
export function readBoft(): Family {
  return {
    type: 'BOFT',
    read(config) {
      const read = reader(config, ['boft_block_size', 'boft_block_num'], {
        boft_dropout: 0,
        boft_n_butterfly_factor: 1,
      });
      const size = blocksOf(read, 'boft_block_size', 'boft_block_num', 4);
      return [boft({ ...readTargets(read.targets()), ...size }), ...read.whole()];
    },
  };
}

/** What reads HRA adapters. */
export function readHra(): Family {
  return {
    type: 'HRA',
    read(config) {
      const read = reader(config, ['r', 'apply_GS']);
      const [r, orthogonal] = [read.number('r', 8), read.flag('apply_GS', false)];
      const pairs = read.flag('init_weights', true) && r % 2 === 0 && !orthogonal;
      return [hra({ ...readTargets(read.targets()), r, orthogonal, pairs }), ...read.whole()];
    },
  };
}
