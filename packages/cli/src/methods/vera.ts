// VeRA on the command line.
import { readVera, vera } from '@peftjs/lora';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { dropout, rank } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { flag, integer, number, orElse } from '../option.ts';

const options = {
  rank: orElse(rank, 256),
  ...linearTargets,
  dropout,
  'lambda-start': orElse(number('X', "what VeRA's vector between its projections starts with"), 0.1),
  'projection-seed': orElse(integer('N', "decides VeRA's frozen projections", { min: 0 }), 0),
  'save-projection': orElse(flag("save VeRA's projections; --no-save-projection has them drawn again"), true),
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const update = vera({
      ...linearPlacesOf(values),
      r: values.rank,
      dropout: values.dropout,
      start: values['lambda-start'],
      projection: values['projection-seed'],
      saveProjection: values['save-projection'],
    });
    return [update, ...wholeOf(values)];
  },
  families: [readVera()],
});
