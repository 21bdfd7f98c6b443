// Cross-entropy straight from logits, without a one-hot matrix of the labels kept for the backward pass.
import {
  cast,
  logSumExp,
  maximum,
  mul,
  notEqual,
  oneHot,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';

/** `logits` [n, v]; `labels` [n] int32, `IGNORED` where a row does not count. */
export type CrossEntropyInputs = { readonly logits: Tensor; readonly labels: Tensor };

/** The label of a row that does not count. */
export const IGNORED = -100;

function picked(labels: Tensor, v: number): { readonly hot: Tensor; readonly counts: Tensor } {
  const counts = cast(notEqual(labels, IGNORED), 'float32');
  const hot = cast(oneHot(cast(maximum(labels, 0), 'int32'), v), 'float32');
  return { hot: mul(hot, reshape(counts, [-1, 1])), counts };
}

const reference: Form<CrossEntropyInputs, object> = {
  forward({ logits, labels }) {
    const { hot, counts } = picked(labels, logits.shape[1] as number);
    const out = sub(sum(mul(logSumExp(logits, 1), counts)), sum(mul(logits, hot)));
    return { out, saved: [logits, labels] };
  },
  grad(dy, saved) {
    const [logits, labels] = saved as [Tensor, Tensor];
    return {
      logits: () => {
        const { hot, counts } = picked(labels, logits.shape[1] as number);
        return mul(sub(mul(softmax(logits), reshape(counts, [-1, 1])), hot), dy);
      },
    };
  },
};

/** Sum over the rows that count of -log softmax(logits)[label], a scalar. Divide by their number for the mean. */
export const crossEntropy: FusedOp<CrossEntropyInputs, object> = fusedOp('CrossEntropy', reference);
