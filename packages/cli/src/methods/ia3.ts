// (IA)3 on the command line.
import { ia3, readIa3 } from '@peftjs/adapters';
import { modulesToSave } from '@peftjs/core';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { list } from '../option.ts';
import { exclude, layers, modulesToSaveOption, namesOf, targets } from './targets.ts';

const options = {
  targets,
  feedforward: list('NAMES', 'those of the targets that are scaled at their input; their last layers when left out'),
  exclude,
  layers,
  'modules-to-save': modulesToSaveOption,
};

export const ia3Entry: MethodEntry = methodEntry({
  name: 'ia3',
  options,
  create(values) {
    const whole = values['modules-to-save'];
    const method = ia3(
      given({
        targets: values.targets && namesOf(values.targets),
        feedforward: values.feedforward && namesOf(values.feedforward),
        exclude: values.exclude && namesOf(values.exclude),
        layers: values.layers,
      }),
    );
    return [method, ...(whole ? [modulesToSave(whole)] : [])];
  },
  families: [readIa3()],
});
