// What a LayersModel is fed and judged by where nothing else is said: batches of `@peftjs/data`, and classes.
import { crossEntropy } from '@peftjs/backend';
import { log, maximum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { KernelLayer } from './layer.ts';

/** Images or token ids side by side, with a class for each. */
export interface FeedBatch {
  /** Numbers of any shape whose first dimension is the rows. */
  readonly pixels?: Float32Array;
  /** [b, t] */
  readonly inputIds?: Int32Array;
  /** [b] */
  readonly labels: Int32Array;
  readonly shape: readonly number[];
}

export function feedBatch({ pixels, inputIds, shape }: FeedBatch): Tensor {
  if (pixels) return tensor(pixels, [...shape]);
  if (inputIds) return tensor(inputIds, [...shape], 'int32');
  throw new Error('[peftjs/host-layers] the batch has neither "pixels" nor "inputIds"; give layersHost a "feed"');
}

export function countRows({ labels }: FeedBatch): { readonly targets: number; readonly tokens: number } {
  return { targets: labels.length, tokens: labels.length };
}

/** A probability is at least this before its logarithm is taken, as in tfjs-layers. */
const SMALLEST = 1e-7;

/** Sum of -log p[label] of probabilities [b, v]. */
export function classLoss(output: Tensor, { labels }: FeedBatch): Tensor {
  // The logits that softmax gives these probabilities for.
  return crossEntropy({ logits: log(maximum(output, SMALLEST)), labels: tensor(labels, [labels.length], 'int32') }, {});
}

/** Sum of the cross-entropies of logits [b, v]. */
export function logitsLoss(output: Tensor, { labels }: FeedBatch): Tensor {
  return crossEntropy({ logits: output, labels: tensor(labels, [labels.length], 'int32') }, {});
}

/** The loss of a model that ends in softmax; for another an error that says what is needed. */
export function defaultLoss(model: LayersModel): (output: Tensor, batch: FeedBatch) => Tensor {
  const last = model.outputs[0]?.sourceLayer as unknown as Partial<KernelLayer>;
  if (last.activation?.getClassName() === 'softmax' || last.getClassName?.() === 'Softmax') return classLoss;
  return () => {
    throw new Error(
      `[peftjs/host-layers] "${model.name}" does not end in softmax; give layersHost a "loss", such as logitsLoss`,
    );
  };
}
