// The option that low-rank methods have in common.
import { integer, type Option } from '../option.ts';

export const rank: Option<number | undefined> = integer('R', 'rank of the update, or width of the bottleneck', {
  min: 1,
});
