// tfjs's own operations, as transformers and convolutional models use them.
import * as tf from '@tensorflow/tfjs-core';
import { imageCases } from './image-cases.ts';
import { layerCases } from './layer-cases.ts';
import { productCases } from './product-cases.ts';
import { given, kinked, positive, type TfjsCase } from './tfjs-case.ts';

type Tensor = tf.Tensor;

/** Ids, masks and images are constants of a case: tensors made where it runs. */
const ids = (values: number[], ...shape: number[]): Tensor => tf.tensor(values, shape, 'int32');

const unary: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  neg: tf.neg,
  exp: tf.exp,
  square: tf.square,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  erf: tf.erf,
  softplus: tf.softplus,
  sin: tf.sin,
  cos: tf.cos,
};
const kinks: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  relu: tf.relu,
  relu6: tf.relu6,
  leakyRelu: tf.leakyRelu,
  elu: tf.elu,
  abs: tf.abs,
  clip: (x) => tf.clipByValue(x, -0.5, 0.8),
};
const ofPositive: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  log: tf.log,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  reciprocal: tf.reciprocal,
};
const each = (ops: Readonly<Record<string, (x: Tensor) => Tensor>>, ...shapes: readonly number[][]) =>
  Object.entries(ops).flatMap(([name, op]) =>
    shapes.map((shape) => given(`${name} [${shape}]`, [shape], (x: Tensor) => op(x))),
  );

function arithmetic(): TfjsCase[] {
  const shapes = [
    [
      [3, 17],
      [3, 17],
    ],
    [[3, 17], [17]],
    [
      [3, 1],
      [1, 5],
    ],
    [
      [2, 3, 5],
      [3, 1],
    ],
    [[4], []],
  ] as const;
  return shapes.flatMap(([p, q]) => [
    given(`add [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.add(a, b)),
    given(`sub [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.sub(a, b)),
    given(`mul [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.mul(a, b)),
    positive(given(`div [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.div(a, b))),
    positive(given(`pow [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.pow(a, b))),
    kinked(given(`maximum [${p}] [${q}]`, [p, q], (a: Tensor, b: Tensor) => tf.maximum(a, b))),
  ]);
}

const reductions: TfjsCase[] = [undefined, 0, 1, -1, [0, 2]].flatMap((axis) => [
  given(`sum over ${axis}`, [[3, 5, 17]], (x: Tensor) => tf.sum(x, axis)),
  given(`mean over ${axis}`, [[3, 5, 17]], (x: Tensor) => tf.mean(x, axis, true)),
  kinked(given(`max over ${axis}`, [[3, 5, 17]], (x: Tensor) => tf.max(x, axis))),
  given(`logSumExp over ${axis}`, [[3, 5, 17]], (x: Tensor) => tf.logSumExp(x, axis)),
]);

const shaping: TfjsCase[] = [
  given('softmax', [[3, 17]], (x: Tensor) => tf.softmax(x)),
  given('softmax [2, 3, 130]', [[2, 3, 130]], (x: Tensor) => tf.softmax(x)),
  given('logSoftmax', [[3, 17]], (x: Tensor) => tf.logSoftmax(x)),
  given('gather rows', [[9, 5]], (x: Tensor) => tf.gather(x, ids([8, 0, 3, 3], 2, 2))),
  given('gather columns', [[3, 7]], (x: Tensor) => tf.gather(x, ids([6, 1, 1], 3), 1)),
  given(
    'concat on 0',
    [
      [2, 5],
      [3, 5],
    ],
    (a: Tensor, b: Tensor) => tf.concat([a, b], 0),
  ),
  given(
    'concat on -1',
    [
      [2, 3, 1],
      [2, 3, 4],
    ],
    (a: Tensor, b: Tensor) => tf.concat([a, b], -1),
  ),
  given('split', [[3, 6]], (x: Tensor) => tf.mul(...(tf.split(x, 2, -1) as [Tensor, Tensor]))),
  given('split unevenly', [[5, 3]], (x: Tensor) => tf.mul(...(tf.split(x, [1, 4], 0) as [Tensor, Tensor]))),
  given('slice', [[4, 5, 6]], (x: Tensor) => tf.slice(x, [1, 0, 2], [2, -1, 3])),
  given('transpose', [[2, 3, 4, 5]], (x: Tensor) => tf.transpose(x, [0, 2, 1, 3])),
  given('transpose of a matrix', [[17, 130]], (x: Tensor) => tf.transpose(x)),
  given('tile', [[2, 3]], (x: Tensor) => tf.tile(x, [2, 3])),
  given('reshape', [[2, 3, 4]], (x: Tensor) => tf.reshape(x, [4, -1])),
  given('expandDims and squeeze', [[2, 3]], (x: Tensor) => tf.squeeze(tf.expandDims(x, 1))),
  given('broadcastTo', [[3, 1]], (x: Tensor) => tf.broadcastTo(x, [2, 3, 4])),
  given('pad', [[2, 3]], (x: Tensor) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
    ]),
  ),
  given(
    'stack',
    [
      [2, 3],
      [2, 3],
    ],
    (a: Tensor, b: Tensor) => tf.stack([a, b], 1),
  ),
  given('unstack', [[2, 3]], (x: Tensor) => tf.mul(...(tf.unstack(x) as [Tensor, Tensor]))),
  given('reverse', [[2, 3, 4]], (x: Tensor) => tf.reverse(x, [0, 2])),
  given('cumsum on 0', [[3, 4]], (x: Tensor) => tf.cumsum(x, 0)),
  given('cumsum on -1, exclusive, in reverse', [[3, 4]], (x: Tensor) => tf.cumsum(x, -1, true, true)),
  given(
    'where',
    [
      [2, 3],
      [2, 3],
    ],
    (a: Tensor, b: Tensor) => tf.where(tf.tensor([true, false, true, false, true, true], [2, 3], 'bool'), a, b),
  ),
  given('layer norm', [[3, 17], [17]], (x: Tensor, g: Tensor) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), g);
  }),
];

const vectors = [[1], [3], [17], [130], [3, 5, 7]];

export type OperationGroup =
  | 'products'
  | 'element by element'
  | 'reductions'
  | 'shaping'
  | 'images and volumes'
  | 'of layers';

export const tfjsCases: Readonly<Record<OperationGroup, readonly TfjsCase[]>> = {
  products: productCases(),
  'element by element': [
    ...each(unary, ...vectors),
    ...each(kinks, ...vectors).map(kinked),
    ...each(ofPositive, ...vectors).map(positive),
    ...arithmetic(),
  ],
  reductions,
  shaping,
  'images and volumes': imageCases,
  'of layers': layerCases,
};
