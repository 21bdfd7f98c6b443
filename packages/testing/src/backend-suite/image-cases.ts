// Convolutions, poolings and resizing: strides, paddings, gaps, filters and windows that are no squares, negative maxima.
import * as tf from '@tensorflow/tfjs-core';
import { given, kinked, type TfjsCase } from './tfjs-case.ts';

type Picture = tf.Tensor4D;
type Volume = tf.Tensor5D;

const SAME_AND_VALID = ['same', 'valid'] as const;

/** Every pixel far below 0. */
const below = <T extends tf.Tensor>(x: T): T => tf.sub(x, 9);

const convolutions: readonly TfjsCase[] = [
  ...SAME_AND_VALID.flatMap((pad) => [
    given(
      `conv2d, ${pad}`,
      [
        [2, 7, 6, 3],
        [3, 3, 3, 4],
      ],
      (x: Picture, w: Picture) => tf.conv2d(x, w, 1, pad),
    ),
    given(
      `conv2d, strides of 2 and 1, ${pad}`,
      [
        [1, 8, 7, 2],
        [3, 2, 2, 5],
      ],
      (x: Picture, w: Picture) => tf.conv2d(x, w, [2, 1], pad),
    ),
    given(
      `conv2d, dilated, ${pad}`,
      [
        [2, 9, 8, 2],
        [3, 2, 2, 3],
      ],
      (x: Picture, w: Picture) => tf.conv2d(x, w, 1, pad, 'NHWC', [2, 3]),
    ),
    given(
      `conv1d, ${pad}`,
      [
        [2, 7, 3],
        [3, 3, 2],
      ],
      (x: tf.Tensor3D, w: tf.Tensor3D) => tf.conv1d(x, w, 2, pad),
    ),
    given(
      `conv2dTranspose, ${pad}`,
      [
        [2, 3, 4, 2],
        [3, 3, 3, 2],
      ],
      (x: Picture, w: Picture) => tf.conv2dTranspose(x, w, pad === 'same' ? [2, 6, 8, 3] : [2, 7, 9, 3], 2, pad),
    ),
    given(
      `conv3d, ${pad}`,
      [
        [2, 3, 4, 3, 2],
        [1, 2, 3, 2, 3],
      ],
      (x: Volume, w: Volume) => tf.conv3d(x, w, [1, 2, 1], pad),
    ),
    given(
      `depthwiseConv2d, ${pad}`,
      [
        [2, 5, 6, 3],
        [3, 2, 3, 2],
      ],
      (x: Picture, w: Picture) => tf.depthwiseConv2d(x, w, 1, pad),
    ),
    given(
      `depthwiseConv2d, strides of 2, ${pad}`,
      [
        [1, 5, 6, 3],
        [3, 3, 3, 1],
      ],
      (x: Picture, w: Picture) => tf.depthwiseConv2d(x, w, 2, pad),
    ),
    given(
      `depthwiseConv2d, dilated, ${pad}`,
      [
        [1, 7, 8, 2],
        [3, 2, 2, 2],
      ],
      (x: Picture, w: Picture) => tf.depthwiseConv2d(x, w, 1, pad, 'NHWC', 2),
    ),
    given(
      `separableConv2d, ${pad}`,
      [
        [1, 5, 4, 2],
        [3, 3, 2, 2],
        [1, 1, 4, 3],
      ],
      (x: Picture, w: Picture, p: Picture) => tf.separableConv2d(x, w, p, 1, pad),
    ),
  ]),
  given(
    'conv2d of patches',
    [
      [2, 8, 8, 3],
      [4, 4, 3, 5],
    ],
    (x: Picture, w: Picture) => tf.conv2d(x, w, 4, 'valid'),
  ),
  given(
    'conv2d of 1 by 1',
    [
      [2, 3, 4, 5],
      [1, 1, 5, 2],
    ],
    (x: Picture, w: Picture) => tf.conv2d(x, w, 1, 'valid'),
  ),
  given(
    'conv2d, padding of 1',
    [
      [1, 5, 6, 2],
      [3, 3, 2, 3],
    ],
    (x: Picture, w: Picture) => tf.conv2d(x, w, 2, 1),
  ),
  given(
    'depthwiseConv2d, padding of 1',
    [
      [1, 5, 6, 2],
      [3, 3, 2, 2],
    ],
    (x: Picture, w: Picture) => tf.depthwiseConv2d(x, w, 1, 1),
  ),
];

const poolings: readonly TfjsCase[] = [
  ...SAME_AND_VALID.flatMap((pad) => [
    given(`avgPool, ${pad}`, [[2, 6, 5, 3]], (x: Picture) => tf.avgPool(x, 3, 2, pad)),
    given(`avgPool of 2 by 3, ${pad}`, [[1, 5, 4, 2]], (x: Picture) => tf.avgPool(x, [2, 3], [1, 2], pad)),
    given(`avgPool3d, ${pad}`, [[2, 3, 4, 3, 2]], (x: Volume) => tf.avgPool3d(x, [1, 2, 3], [1, 2, 1], pad)),
    kinked(given(`maxPool, ${pad}`, [[2, 6, 5, 3]], (x: Picture) => tf.maxPool(x, 3, 2, pad))),
    kinked(given(`maxPool below 0, ${pad}`, [[2, 5, 4, 3]], (x: Picture) => tf.maxPool(below(x), 2, 2, pad))),
    kinked(given(`maxPool3d, ${pad}`, [[2, 3, 4, 5, 2]], (x: Volume) => tf.maxPool3d(x, [1, 2, 3], [1, 2, 1], pad))),
    kinked(given(`maxPool3d below 0, ${pad}`, [[1, 3, 4, 4, 2]], (x: Volume) => tf.maxPool3d(below(x), 2, 2, pad))),
  ]),
  given('avgPool, padding of 1', [[1, 5, 4, 2]], (x: Picture) => tf.avgPool(x, 3, 2, 1)),
];

const resizing: readonly TfjsCase[] = [false, true].flatMap((corners) => [
  given(`resizeNearestNeighbor, up, ${corners}`, [[2, 3, 4, 2]], (x: Picture) =>
    tf.image.resizeNearestNeighbor(x, [6, 12], corners),
  ),
  given(`resizeNearestNeighbor, down, ${corners}`, [[2, 5, 7, 2]], (x: Picture) =>
    tf.image.resizeNearestNeighbor(x, [3, 2], corners),
  ),
  given(`resizeBilinear, up, ${corners}`, [[2, 3, 4, 2]], (x: Picture) => tf.image.resizeBilinear(x, [5, 7], corners)),
  given(`resizeBilinear, down, ${corners}`, [[2, 5, 7, 2]], (x: Picture) =>
    tf.image.resizeBilinear(x, [3, 2], corners),
  ),
]);

export const imageCases: readonly TfjsCase[] = [...convolutions, ...poolings, ...resizing];
