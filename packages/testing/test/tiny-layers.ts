// Two small models of tf.layers as hosts: one of images, one of tokens.

import { normal, random } from '@peftjs/backend';
import { type FeedBatch, layersHost } from '@peftjs/host-layers';
import type { HostCase } from '@peftjs/testing/suites';
import { tensor } from '@tensorflow/tfjs-core';
import { model as functional, input, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

/** Random weights from a seed, biases and gains too. */
function fill(model: LayersModel, seed: number): void {
  const next = random(seed);
  const values = model.weights.map((weight) => {
    const { shape } = weight.read();
    const size = shape.reduce((n, d) => n * d, 1);
    return tensor(normal(next, size, 0.4), shape);
  });
  model.setWeights(values);
  for (const value of values) value.dispose();
}

export function imageModel(): LayersModel {
  const inner = sequential({
    name: 'features',
    layers: [
      layers.conv2d({
        name: 'conv',
        inputShape: [6, 5, 2],
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
      }),
      layers.conv2d({ name: 'wide', filters: 3, kernelSize: [2, 3], useBias: false }),
      layers.flatten({ name: 'flat' }),
    ],
  });
  const model = sequential({
    name: 'images',
    layers: [
      inner,
      layers.dense({ name: 'hidden', units: 7, activation: 'tanh' }),
      layers.dropout({ name: 'drop', rate: 0.3 }),
      layers.layerNormalization({ name: 'norm', epsilon: 1e-5 }),
      layers.dense({ name: 'classes', units: 3, activation: 'softmax' }),
    ],
  });
  fill(model, 3);
  return model;
}

export function tokenModel(): LayersModel {
  const ids = input({ name: 'ids', shape: [5], dtype: 'int32' });
  const embedded = layers.embedding({ name: 'table', inputDim: 11, outputDim: 4 }).apply(ids) as typeof ids;
  const up = layers.dense({ name: 'up', units: 6, activation: 'relu' }).apply(embedded) as typeof ids;
  const down = layers.dense({ name: 'down', units: 4, useBias: false }).apply(up) as typeof ids;
  const sum = layers.add({ name: 'sum' }).apply([embedded, down]) as typeof ids;
  const pooled = layers.globalAveragePooling1d({ name: 'pool' }).apply(sum) as typeof ids;
  const model = functional({
    name: 'tokens',
    inputs: ids,
    outputs: layers.dense({ name: 'classes', units: 3, activation: 'softmax' }).apply(pooled) as typeof ids,
  });
  fill(model, 4);
  return model;
}

async function layersCase(model: LayersModel, batch: FeedBatch): Promise<HostCase> {
  const host = layersHost(model);
  return {
    host,
    output: (ctx) => host.output(batch, ctx),
    loss: (ctx) => host.loss(batch, ctx),
    dispose: () => {
      host.release();
      model.dispose();
    },
  };
}

const labels = Int32Array.from([2, 0]);

export function tinyImages(): Promise<HostCase> {
  const shape = [2, 6, 5, 2];
  const pixels = normal(random(5), 120, 1);
  return layersCase(imageModel(), { pixels, labels, shape });
}

export function tinyTokens(): Promise<HostCase> {
  return layersCase(tokenModel(), {
    inputIds: Int32Array.from([1, 4, 0, 3, 9, 2, 2, 10, 7, 5]),
    labels,
    shape: [2, 5],
  });
}
