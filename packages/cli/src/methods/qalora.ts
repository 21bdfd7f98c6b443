// QA-LoRA on the command line.
import { qalora } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { alpha, dropout, rank, rslora } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { integer, orElse } from '../option.ts';

const GROUP = 'inputs that QA-LoRA changes alike: those that share a scale in --weights, or several times as many';

const options = {
  rank: orElse(rank, 8),
  alpha,
  ...linearTargets,
  dropout,
  rslora,
  'qalora-group': orElse(integer('N', GROUP, { min: 1 }), 64),
};

export const method: MethodEntry = methodEntry({
  options,
  create(values) {
    const update = qalora({
      ...linearPlacesOf(values),
      ...given({ alpha: values.alpha }),
      r: values.rank,
      dropout: values.dropout,
      rslora: values.rslora,
      group: values['qalora-group'],
    });
    return [update, ...wholeOf(values)];
  },
  inPython: () => false,
  // `lora` reads them.
  families: [],
});
