// What each position of a batch is to predict: the token after it.
import { IGNORED } from '@peftjs/backend';
import type { Sequence } from '@peftjs/core';
import { add, concat, fill, mul, reshape, slice, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { paddingOf } from './positions.ts';
import type { TokenInput } from './token-input.ts';

/** The labels less those of first tokens that stand behind padding only because other rows have prompts in front. */
function predicted(labels: Tensor, { padding }: Sequence, batch: TokenInput): Tensor {
  const own = paddingOf(batch);
  const added = padding.map((n, row) => n - (own[row] as number));
  if (!added.some(Boolean)) return labels;
  const [b, t] = labels.shape as [number, number];
  const isLost = (row: number, k: number) => added[row] !== 0 && added[row] === k;
  const kept = Int32Array.from({ length: b * t }, (_, i) => (isLost(Math.floor(i / t), i % t) ? 0 : 1));
  const ignored = kept.map((one) => (1 - one) * IGNORED);
  return add(mul(labels, tensor2d(kept, [b, t], 'int32')), tensor2d(ignored, [b, t], 'int32'));
}

/** The label of each position's next token, [b t]. */
export function nextLabels(labels: Tensor, sequence: Sequence, batch: TokenInput): Tensor {
  const [b, t] = labels.shape as [number, number];
  const next = slice(predicted(labels, sequence, batch), [0, 1], [b, t - 1]);
  return reshape(concat([next, fill([b, 1], IGNORED, 'int32')], 1), [b * t]);
}
