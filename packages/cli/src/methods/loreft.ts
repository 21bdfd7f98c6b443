// LoReFT on the command line.
import { loreft, readLoreft } from '@peftjs/adapters';
import { modulesToSave } from '@peftjs/core';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { integer, orElse } from '../option.ts';
import { rank } from './rank.ts';
import { layers, modulesToSaveOption } from './targets.ts';

const options = {
  rank: orElse(rank, 4),
  layers,
  first: orElse(integer('N', 'positions that are edited from the start of each sequence', { min: 0 }), 1),
  last: orElse(integer('N', 'positions that are edited from the end of each sequence', { min: 0 }), 1),
  'modules-to-save': modulesToSaveOption,
};

export const loreftEntry: MethodEntry = methodEntry({
  name: 'loreft',
  options,
  create(values) {
    const { rank: r, first, last, layers: blocks } = values;
    const whole = values['modules-to-save'];
    return [loreft({ r, first, last, ...given({ layers: blocks }) }), ...(whole ? [modulesToSave(whole)] : [])];
  },
  families: [readLoreft()],
  onlyHere: true,
});
