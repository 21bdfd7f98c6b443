// Adapters read back for more quantization-aware training.
import type { Family } from '@peftjs/core';
import { type QatSpec, qat } from './qat.ts';

/**
 * What reads a family's adapters as `qat` with this spec; modules beside the method are left as they are. A folder says
 * nothing of the spec, so it is to be the one that the adapter was trained with.
 *
 * @example
 * await restore(model, await loadAdapter('out/notes'), [readQat(readLora(), { bits: 4, group: 32, over: 'merged' })]);
 */
export function readQat(family: Family, spec: QatSpec): Family {
  const { prepare } = family;
  return {
    ...family,
    read(config) {
      const [first, ...beside] = family.read(config);
      return first ? [qat(first, spec), ...beside] : [];
    },
    ...(prepare && { prepare: async (config, host) => readQat(await prepare(config, host), spec) }),
  };
}
