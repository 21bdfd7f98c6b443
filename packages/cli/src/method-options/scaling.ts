// The option that says how much a method's change counts.
import { number, type Option } from '../option.ts';

export const scaling: Option<number | undefined> = number(
  'S',
  "how much the change counts; 150 for FourierFT, the style's for a bottleneck when left out",
);
