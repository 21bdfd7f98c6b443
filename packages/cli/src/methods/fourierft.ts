// FourierFT on the command line.
import { fourierft, readFourierft } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { scaling } from '../method-options/scaling.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { integer, orElse } from '../option.ts';

const options = {
  frequencies: orElse(integer('N', 'coefficients of each layer', { min: 1 }), 1000),
  scaling,
  ...linearTargets,
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const { frequencies: n, scaling: size } = values;
    return [fourierft({ ...linearPlacesOf(values), n, ...given({ scaling: size }) }), ...wholeOf(values)];
  },
  families: [readFourierft()],
});
