// Prefix tuning on the command line.
import { prefixTuning, readPrefixTuning } from '@peftjs/prefix-tuning';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { reserved, virtualTokens } from '../method-options/virtual-tokens.ts';
import { integer } from '../option.ts';

const options = {
  'virtual-tokens': virtualTokens,
  'prefix-projection': integer('H', 'learn a prefix through a perceptron this wide', { min: 1 }),
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const hidden = values['prefix-projection'];
    return [prefixTuning({ tokens: values['virtual-tokens'], ...(hidden && { projection: { hidden } }) })];
  },
  reserved,
  families: [readPrefixTuning()],
});
