// HRA on the command line.
import { hra, readHra } from '@peftjs/orthogonal';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { rank } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { flag, orElse } from '../option.ts';

const options = {
  rank: orElse(rank, 8),
  orthogonal: flag("make HRA's reflections orthogonal to each other"),
  ...linearTargets,
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const { rank: r, orthogonal } = values;
    return [hra({ ...linearPlacesOf(values), r, orthogonal }), ...wholeOf(values)];
  },
  families: [readHra()],
});
