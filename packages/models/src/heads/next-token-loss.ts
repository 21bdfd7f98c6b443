// The cross-entropy of next tokens, from logits no larger than a tensor may be.
import { crossEntropy, largestTensor, rowsOf } from '@peftjs/backend';
import { add, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';

export interface Output {
  /** Its input [b, t, d]. */
  readonly x: Tensor;
  /** What each position is to predict, [b t] int32. */
  readonly labels: Tensor;
  readonly vocab: number;
  /** Logits [b, k, v] of k positions [b, k, d]. */
  readonly logitsOf: (x: Tensor) => Tensor;
}

/** The sum over all tokens that count, a scalar. Logits that the device cannot hold as one tensor come some positions at a time. */
export function nextTokenLoss({ x, labels, vocab, logitsOf }: Output): Tensor {
  const [b, t, d] = x.shape as [number, number, number];
  const atOnce = Math.max(1, Math.floor(largestTensor() / (4 * b * vocab)));
  if (atOnce >= t) return crossEntropy({ logits: rowsOf(logitsOf(x)), labels }, {});
  const byRow = reshape(labels, [b, t]);
  const part = (from: number, count: number) =>
    crossEntropy(
      {
        logits: rowsOf(logitsOf(slice(x, [0, from, 0], [b, count, d]))),
        labels: reshape(slice(byRow, [0, from], [b, count]), [b * count]),
      },
      {},
    );
  let sum = part(0, atOnce);
  for (let from = atOnce; from < t; from += atOnce) sum = add(sum, part(from, Math.min(atOnce, t - from)));
  return sum;
}
