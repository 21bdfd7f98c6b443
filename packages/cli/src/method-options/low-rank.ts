// The options that low-rank methods have in common.
import { flag, integer, number, type Option, orElse } from '../option.ts';

export const rank: Option<number | undefined> = integer(
  'R',
  "rank of the update, a bottleneck's width, or HRA's reflections",
  { min: 1 },
);

export const alpha: Option<number | undefined> = number(
  'A',
  'the update counts alpha / rank times; 2 x rank when left out, of LoHa and LoKr the rank',
  { above: 0 },
);

export const dropout: Option<number> = orElse(
  number('P', "share of the update's input dropped in training", { min: 0, below: 1 }),
  0,
);

export const rslora: Option<boolean> = flag('scale by alpha / sqrt(rank)');
