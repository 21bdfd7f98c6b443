// LoKr on the command line.
import { lokr, readLokr } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { lycorisOf, lycorisOptions } from '../method-options/lycoris.ts';
import { wholeOf } from '../method-options/targets.ts';
import { flag, integer } from '../option.ts';

const options = {
  ...lycorisOptions,
  factor: integer('N', "what LoKr divides a layer's sides by; near their square roots when left out", { min: 1 }),
  'decompose-both': flag("make LoKr's first factor low-rank, too"),
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const { factor, 'decompose-both': both } = values;
    return [lokr({ ...lycorisOf(values), both, ...given({ factor }) }), ...wholeOf(values)];
  },
  families: [readLokr()],
});
