// LoReFT on the command line.
import { loreft, readLoreft } from '@peftjs/adapters';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { rank } from '../method-options/low-rank.ts';
import { layers, modulesToSaveOption, wholeOf } from '../method-options/targets.ts';
import { integer, orElse } from '../option.ts';

const options = {
  rank: orElse(rank, 4),
  layers,
  first: orElse(integer('N', 'positions that are edited from the start of each sequence', { min: 0 }), 1),
  last: orElse(integer('N', 'positions that are edited from the end of each sequence', { min: 0 }), 1),
  'modules-to-save': modulesToSaveOption,
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const { rank: r, first, last, layers: blocks } = values;
    return [loreft({ r, first, last, ...given({ layers: blocks }) }), ...wholeOf(values)];
  },
  families: [readLoreft()],
});
