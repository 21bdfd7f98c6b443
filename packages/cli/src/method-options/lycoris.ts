// The options that LoHa and LoKr have in common.
import type { LohaOptions } from '@peftjs/lora';
import { given } from '../given.ts';
import { number, type Option, orElse, type Values } from '../option.ts';
import { alpha, rank } from './low-rank.ts';
import { linearPlacesOf, linearTargets } from './targets.ts';

const share = { min: 0, below: 1 };

interface LycorisValues extends Values<typeof linearTargets> {
  readonly rank: number;
  readonly alpha: number | undefined;
  readonly 'rank-dropout': number;
  readonly 'module-dropout': number;
}

export const lycorisOptions: { readonly [K in keyof LycorisValues]: Option<LycorisValues[K]> } = {
  rank: orElse(rank, 8),
  alpha,
  ...linearTargets,
  'rank-dropout': orElse(number('P', "share of the change's rows dropped in training", share), 0),
  'module-dropout': orElse(number('P', "how often all of a layer's change is dropped in training", share), 0),
};

export function lycorisOf(values: LycorisValues): LohaOptions {
  return {
    ...linearPlacesOf(values),
    ...given({ alpha: values.alpha }),
    r: values.rank,
    rankDropout: values['rank-dropout'],
    moduleDropout: values['module-dropout'],
  };
}
