// (IA)3 on the command line.
import { ia3, readIa3 } from '@peftjs/adapters';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import {
  exclude,
  layers,
  modulesToSaveOption,
  namesOf,
  placesOf,
  targets,
  wholeOf,
} from '../method-options/targets.ts';
import { list } from '../option.ts';

const options = {
  targets,
  feedforward: list('NAMES', 'those of the targets that are scaled at their input; their last layers when left out'),
  exclude,
  layers,
  'modules-to-save': modulesToSaveOption,
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const feedforward = values.feedforward && namesOf(values.feedforward);
    return [ia3({ ...placesOf(values), ...given({ feedforward }) }), ...wholeOf(values)];
  },
  families: [readIa3()],
});
