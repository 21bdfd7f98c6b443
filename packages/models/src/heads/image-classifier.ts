// A classifier of images: a body that reads pixels, and a linear layer on the hidden state of its first position.
import { crossEntropy, engine, IGNORED } from '@peftjs/backend';
import { type Context, checkRoutes, type LinearSite } from '@peftjs/core';
import { reshape, slice, type Tensor, tensor4d } from '@tensorflow/tfjs-core';
import { type About, type BatchCount, type Body, createModel, INFERENCE, type Model } from '../model.ts';
import { labelTensor } from './labels.ts';

/** Images side by side, as `@peftjs/data` makes them. */
export interface ImageBatch {
  /** [b, h, w, c], normalized as the model wants it. */
  readonly pixels: Float32Array;
  /** [b] */
  readonly labels?: Int32Array;
  readonly shape: readonly [b: number, h: number, w: number, c: number];
}

/** The part of a model that reads pixels. */
export interface ImageBody extends Body {
  readonly dim: number;
  readonly size: readonly [h: number, w: number, c: number];
  /** Hidden states [b, t, d] of images [b, h, w, c]. */
  run(pixels: Tensor, ctx: Context, recompute: boolean): Tensor;
}

export interface ImageClassifier extends Model {
  /** The classes' names, in the order of their numbers. */
  readonly labels: readonly string[];
  /** Of the images that it takes. */
  readonly size: readonly [h: number, w: number, c: number];
  /** Logits [b, c]. */
  logits(batch: ImageBatch, ctx?: Context): Tensor;
  /** Sum of the rows' cross-entropies, a scalar. */
  loss(batch: ImageBatch, ctx?: Context): Tensor;
  /** Images with a label, and images. */
  count(batch: ImageBatch): BatchCount;
}

export function imageClassifier(
  body: ImageBody,
  head: LinearSite,
  labels: readonly string[],
  about: About,
): ImageClassifier {
  const run = ({ pixels, shape }: ImageBatch, ctx: Context): Tensor => {
    if (shape.slice(1).join() !== body.size.join()) {
      throw new Error(
        `[peftjs/models] the images are [${shape.slice(1)}], rows, columns and channels; the model takes [${body.size}]`,
      );
    }
    const size = shape.reduce((n, d) => n * d, 1);
    if (pixels.length !== size) {
      throw new Error(`[peftjs/models] the batch has ${pixels.length} pixels; [${shape}] is ${size}`);
    }
    if (ctx.routes) checkRoutes(model, ctx.routes, shape[0]);
    const x = body.run(tensor4d(pixels, [...shape]), ctx, model.recompute);
    const [b, , d] = x.shape as [number, number, number];
    return body.runner.linear(head, reshape(slice(x, [0, 0, 0], [b, 1, d]), [b, d]), ctx);
  };
  const model: ImageClassifier = {
    ...createModel(body, [head], null, about),
    labels,
    size: body.size,
    logits: (batch, ctx = INFERENCE) => engine().tidy(() => run(batch, ctx)),
    loss: (batch, ctx = INFERENCE) =>
      engine().tidy(() => {
        const classes = labelTensor(batch.labels, batch.shape[0], labels.length);
        return crossEntropy({ logits: run(batch, ctx), labels: classes }, {});
      }),
    count: ({ labels: given, shape: [b] }) => ({
      targets: given?.reduce((n, label) => (label === IGNORED ? n : n + 1), 0) ?? 0,
      tokens: b,
    }),
  };
  return model;
}
