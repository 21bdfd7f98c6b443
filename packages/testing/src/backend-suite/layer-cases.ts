// What layers and losses are made of besides: normalization, activations, dropout, sums by segment, sums by Einstein's rule.
import * as tf from '@tensorflow/tfjs-core';
import { given, kinked, positive, type TfjsCase } from './tfjs-case.ts';

type Tensor = tf.Tensor;

const einsum = (equation: string, ...shapes: readonly (readonly number[])[]): TfjsCase =>
  given(`einsum ${equation}`, shapes, (...xs: Tensor[]) => tf.einsum(equation, ...xs));

const batchNorm = (...shape: readonly number[]): TfjsCase => {
  const d = [shape.at(-1) as number];
  return given(`batchNorm [${shape}]`, [shape, d, d], (x: Tensor, offset: Tensor, scale: Tensor) => {
    const { mean, variance } = tf.moments(
      x,
      shape.slice(0, -1).map((_, i) => i),
    );
    return tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
      1e-3,
    );
  });
};

/** One hot of 5, [3, 5]. */
const labels = (): Tensor => tf.oneHot(tf.tensor1d([4, 0, 2], 'int32'), 5);

export const layerCases: readonly TfjsCase[] = [
  einsum('ij->ji', [3, 4]),
  einsum('abc->b', [2, 3, 4]),
  einsum('ij,jk->ik', [3, 4], [4, 5]),
  einsum('ij,ij->', [3, 4], [3, 4]),
  einsum('i,j->ij', [3], [17]),
  einsum('abc,cde->abde', [2, 3, 4], [4, 2, 5]),
  einsum('aecd,abcd->acbe', [2, 3, 4, 5], [2, 6, 4, 5]),
  einsum('acbe,aecd->abcd', [2, 4, 6, 3], [2, 3, 4, 5]),
  einsum('abx,bcy->ca', [2, 3, 4], [3, 5, 2]),
  batchNorm(5, 3),
  batchNorm(2, 3, 4, 5),
  given('batchNorm by running statistics', [[4, 3], [3], [3]], (x: Tensor, mean: Tensor, variance: Tensor) =>
    tf.batchNorm(x, mean as tf.Tensor1D, tf.add(tf.square(variance), 0.5) as tf.Tensor1D),
  ),
  given('batchNorm without a scale', [[4, 3], [3], [3], [3]], (x: Tensor, mean: Tensor, v: Tensor, offset: Tensor) =>
    tf.batchNorm(x, mean as tf.Tensor1D, tf.add(tf.square(v), 0.5) as tf.Tensor1D, offset as tf.Tensor1D),
  ),
  given('global average', [[2, 4, 5, 3]], (x: Tensor) => tf.mean(x, [1, 2])),
  given('flatten and dense', [[2, 3, 4], [12, 5], [5]], (x: Tensor, w: Tensor, bias: Tensor) =>
    tf.add(tf.matMul(tf.reshape(x, [2, 12]) as tf.Tensor2D, w as tf.Tensor2D), bias),
  ),
  given('dropout', [[3, 17]], (x: Tensor) => tf.dropout(x, 0.4, [3, 17], 7)),
  given('unsortedSegmentSum', [[6, 3]], (x: Tensor) =>
    tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1, 3, 3, 3], 'int32'), 5),
  ),
  given('gather in batches', [[2, 4, 3]], (x: Tensor) =>
    tf.gather(x, tf.tensor2d([0, 3, 1, 1], [2, 2], 'int32'), 1, 1),
  ),
  given('repeated by tile', [[2, 1, 3]], (x: Tensor) => tf.tile(x, [1, 4, 1])),
  given(
    'a cell of an LSTM',
    [
      [2, 8],
      [2, 2],
    ],
    (gates: Tensor, cell: Tensor) => {
      const [i, f, c, o] = tf.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
      const next = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(c)));
      return tf.mul(tf.sigmoid(o), tf.tanh(next));
    },
  ),
  kinked(given('prelu', [[4, 3], [3]], (x: Tensor, a: Tensor) => tf.prelu(x, a))),
  kinked(given('selu', [[3, 17]], (x: Tensor) => tf.selu(x))),
  kinked(given('minimum', [[3, 17], [17]], (a: Tensor, b: Tensor) => tf.minimum(a, b))),
  given('squaredDifference', [[3, 17], [17]], (a: Tensor, b: Tensor) => tf.squaredDifference(a, b)),
  given('a square by pow', [[3, 5]], (x: Tensor) => tf.pow(x, 2)),
  kinked(given('where of its own sign', [[3, 5]], (x: Tensor) => tf.where(tf.greater(x, 0), x, tf.mul(x, 0.1)))),
  given('softmax cross-entropy', [[3, 5]], (x: Tensor) => tf.losses.softmaxCrossEntropy(labels(), x)),
  given('sigmoid cross-entropy', [[3, 5]], (x: Tensor) => tf.losses.sigmoidCrossEntropy(labels(), x)),
  positive(given('log loss', [[3, 5]], (x: Tensor) => tf.losses.logLoss(labels(), tf.div(x, 9)))),
  given('mean squared error', [[3, 5]], (x: Tensor) => tf.losses.meanSquaredError(labels(), x)),
];
