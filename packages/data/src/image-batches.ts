/** Batches of images, with one label each. */
import { type Batches, type DrawOptions, drawBatches } from './draw-batches.ts';

/** One image and its class. */
export interface LabeledImage {
  /** [h, w, c], row by row, the channels of a pixel side by side. */
  readonly pixels: Float32Array;
  readonly label: number;
}

/** Images side by side; `b` images of `h` rows, `w` columns and `c` channels. */
export interface ImageBatch {
  /** [b, h, w, c] */
  readonly pixels: Float32Array;
  /** [b], the class of each. */
  readonly labels: Int32Array;
  readonly shape: readonly [b: number, h: number, w: number, c: number];
}

/** How batches of images are made. */
export interface ImageBatchOptions extends DrawOptions {
  /** What every image is: rows, columns, channels. */
  readonly size: readonly [h: number, w: number, c: number];
}

/** Batches over images of one size. */
export function createImageBatches(images: readonly LabeledImage[], options: ImageBatchOptions): Batches<ImageBatch> {
  const [h, w, c] = options.size;
  const each = h * w * c;
  if (images.length === 0) throw new Error('[peftjs/data] there are no images to batch: the data is empty');
  for (const [i, { pixels, label }] of images.entries()) {
    if (pixels.length !== each) {
      throw new Error(
        `[peftjs/data] image ${i} has ${pixels.length} numbers, and one of [${h}, ${w}, ${c}] has ${each}: give all images this size`,
      );
    }
    if (!Number.isSafeInteger(label) || label < 0) {
      throw new Error(`[peftjs/data] image ${i} has the label ${label}: a class is a whole number from 0`);
    }
  }
  return drawBatches(images, options, (members) => {
    const pixels = new Float32Array(members.length * each);
    for (const [i, member] of members.entries()) pixels.set(member.pixels, i * each);
    return { pixels, labels: Int32Array.from(members, ({ label }) => label), shape: [members.length, h, w, c] };
  });
}
