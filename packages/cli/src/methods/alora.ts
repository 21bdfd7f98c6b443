// aLoRA on the command line.
import { alora } from '@peftjs/lora';
import { given } from '../given.ts';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { alpha, dropout, rank, rslora } from '../method-options/low-rank.ts';
import { linearPlacesOf, linearTargets, wholeOf } from '../method-options/targets.ts';
import { orElse, text } from '../option.ts';
import { needTokenizer } from '../options/need-tokenizer.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  invocation: text('TEXT', 'the text that wakes aLoRA, as it stands in the data'),
  rank: orElse(rank, 8),
  alpha,
  ...linearTargets,
  dropout,
  rslora,
};

export const method: MethodEntry = methodEntry({
  options,
  check({ invocation }) {
    if (invocation !== undefined) return;
    throw new UsageError('--invocation TEXT is missing: --method alora counts from that text on');
  },
  create(values, { model }) {
    const update = alora({
      ...linearPlacesOf(values),
      ...given({ alpha: values.alpha }),
      invocation: needTokenizer(model).encode(values.invocation ?? ''),
      r: values.rank,
      dropout: values.dropout,
      rslora: values.rslora,
    });
    return [update, ...wholeOf(values)];
  },
  // `lora` reads them.
  families: [],
});
