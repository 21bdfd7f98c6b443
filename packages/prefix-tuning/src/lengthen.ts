// A sequence with a prompt in front.
import { IGNORED } from '@peftjs/backend';
import type { Sequence } from '@peftjs/core';
import { add, concat, ones, range, reshape, scalar, type Tensor, zeros } from '@tensorflow/tfjs-core';

/** The same for each of b rows: [...] to [b, ...]. */
export function everyRow(x: Tensor, b: number): Tensor {
  return add(zeros([b, ...x.shape.map(() => 1)], x.dtype as 'float32' | 'int32'), reshape(x, [1, ...x.shape]));
}

/**
 * Puts a prompt, [T, d] for all rows or [b, T, d], in front of the tokens, which move T positions on.
 *
 * @param x with nothing in the cache
 */
export function lengthen(x: Sequence, prompt: Tensor): Sequence {
  const b = x.embeds.shape[0] as number;
  const each = prompt.rank === 2 ? everyRow(prompt, b) : prompt;
  const length = each.shape[1] as number;
  const { labels, segments } = x;
  const before = (value: number) => add(zeros([b, length], 'int32'), scalar(value, 'int32'));
  const places = range(x.ahead, x.ahead + length, 1, 'int32');
  return {
    ...x,
    embeds: concat([each, x.embeds], 1),
    mask: concat([ones([b, length]), x.mask], 1),
    positions: concat([everyRow(places, b), add(x.positions, scalar(length, 'int32'))], 1),
    ...(labels && { labels: concat([before(IGNORED), labels], 1) }),
    ...(segments && { segments: concat([before(0), segments], 1) }),
  };
}
