// @ts-check
// A small convolutional network, as anybody has it in TensorFlow.js.
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { SIZE } from './digits.mjs';

/** @param {number} seed */
export function digitsModel(seed) {
  let drawn = seed;
  const kernelInitializer = () => initializers.heNormal({ seed: drawn++ });
  const conv = (/** @type {string} */ name, /** @type {number} */ filters, input = {}) =>
    layers.conv2d({
      name,
      filters,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: kernelInitializer(),
      ...input,
    });
  return sequential({
    name: 'digits',
    layers: [
      conv('edges', 8, { inputShape: [...SIZE] }),
      conv('strokes', 16),
      layers.flatten(),
      layers.dense({ name: 'features', units: 64, activation: 'relu', kernelInitializer: kernelInitializer() }),
      layers.dense({ name: 'classes', units: 10, activation: 'softmax', kernelInitializer: kernelInitializer() }),
    ],
  });
}
