// AdaLoRA on the command line, its budget spread over the whole run.
import { adalora, budget, readAdalora } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { alpha, dropout, rank } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { integer, number, orElse } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  rank: orElse(rank, 12),
  'target-rank': orElse(integer('R', "mean rank of AdaLoRA's layers at the end", { min: 1 }), 8),
  'budget-warmup': orElse(integer('STEPS', 'steps before the ranks begin to fall', { min: 0 }), 0),
  'budget-settle': orElse(integer('STEPS', 'steps at the end in which the ranks stay as they are', { min: 0 }), 0),
  'budget-every': orElse(integer('STEPS', 'steps between two allocations of the ranks', { min: 1 }), 1),
  orthogonality: orElse(number('WEIGHT', "what AdaLoRA's penalty counts in the loss", { min: 0 }), 0.5),
  alpha,
  ...linearTargets,
  dropout,
};

export const method: MethodEntry = methodEntry({
  options,
  check(values, { steps = Infinity }) {
    const { rank: r, 'target-rank': target, 'budget-warmup': warmup, 'budget-settle': settle } = values;
    if (target > r) throw new UsageError(`--target-rank is ${target}, over --rank ${r}; ranks only fall`);
    if (warmup + settle < steps) return;
    throw new UsageError(
      `--budget-warmup ${warmup} and --budget-settle ${settle} leave none of --steps ${steps} for the ranks to fall in`,
    );
  },
  create(values, { steps }) {
    const update = adalora({
      ...linearPlacesOf(values),
      ...given({ alpha: values.alpha }),
      r: values.rank,
      target: values['target-rank'],
      warmup: values['budget-warmup'],
      settle: values['budget-settle'],
      every: values['budget-every'],
      orthogonality: values.orthogonality,
      dropout: values.dropout,
      steps,
    });
    return [update, ...wholeOf(values)];
  },
  training: (_, adapter) => ({ after: [budget(adapter)] }),
  families: [readAdalora()],
});
