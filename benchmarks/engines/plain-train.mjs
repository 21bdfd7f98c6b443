// @ts-check
// TensorFlow.js as it is shipped, training the same adapter: its own kernels, gradients, backward pass and Adam.
// Of peftjs it uses what reads the files and what counts the memory.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { diskFolder, loadAdapter, openWeights } from '@peftjs/checkpoint';
import { readBatches } from '../workload/read-batches.mjs';
import { plainLlama } from './plain-llama.mjs';
import { Absent, serve } from './serve.mjs';
import { stepHandlers } from './step-engine.mjs';

const require = createRequire(import.meta.url);

/** @param {'wasm' | 'node'} backend @returns {Promise<import('./plain-llama.mjs').Tf>} */
async function startTfjs(backend) {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (backend === 'node') {
    try {
      return require('@tensorflow/tfjs-node');
    } catch (cause) {
      throw new Absent(`@tensorflow/tfjs-node does not load: ${String(cause).split('\n')[0]}`);
    }
  }
  const tf = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  return tf;
}

/** Joint norm a clipped gradient may have, and AdamW's weight decay: the defaults of `train`. */
const CLIP = 1;
const DECAY = 0.01;

await serve(async ({ folder, backend, learningRate, update = true }) => {
  const tf = await startTfjs(backend);
  memoryMeter();
  const config = JSON.parse(await readFile(join(folder, 'base/config.json'), 'utf8'));
  const weights = await readWeights(tf, join(folder, 'base'));
  const { scale, factors } = await readLora(tf, join(folder, 'adapter'));
  const loss = plainLlama(tf, config, (name) => named(weights, name), { scale, factor: (name) => factors.get(name) });
  const variables = [...factors.values()];
  const adam = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  const batches = await readBatches(folder);
  let taken = 0;

  const step = async () => {
    const { inputIds, shape } = batches.get(0, taken++ % batches.size);
    const { value, grads } = tf.variableGrads(() => /** @type {any} */ (loss(inputIds, shape)), variables);
    const sumOfSquares = tf.tidy(() =>
      Object.values(grads)
        .map((g) => tf.sum(tf.square(g)))
        .reduce((a, b) => tf.add(a, b)),
    );
    const [[found = Number.NaN], [squared = Number.NaN]] = await Promise.all([value.data(), sumOfSquares.data()]);
    const norm = Math.sqrt(squared);
    if (update) {
      const clipped = tf.tidy(() =>
        Object.fromEntries(
          Object.entries(grads).map(([name, g]) => [name, tf.mul(g, Math.min(1, CLIP / (norm + 1e-6)))]),
        ),
      );
      tf.tidy(() => {
        for (const variable of variables) variable.assign(tf.mul(variable, 1 - learningRate * DECAY));
      });
      adam.applyGradients(/** @type {any} */ (clipped));
      tf.dispose(clipped);
    }
    tf.dispose([value, sumOfSquares, ...Object.values(grads)]);
    return { loss: found, norm };
  };
  return { about: { tfjs: tf.version_core, backend: tf.getBackend() }, handlers: stepHandlers(step) };
});

/** @param {Map<string, import('./plain-llama.mjs').Tensor>} weights @param {string} name */
function named(weights, name) {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`no weight "${name}"`);
  return found;
}

/** @param {import('./plain-llama.mjs').Tf} tf @param {string} path */
async function readWeights(tf, path) {
  const file = await openWeights(diskFolder(path));
  const weights = new Map();
  for (const [name, { shape }] of file.tensors) weights.set(name, tf.tensor(await file.readFloat32(name), [...shape]));
  return weights;
}

/** The adapter's factors as variables, by `<module>.lora_A` and `<module>.lora_B`. @param {import('./plain-llama.mjs').Tf} tf @param {string} path */
async function readLora(tf, path) {
  const { config, tensors } = await loadAdapter(path);
  const factors = new Map();
  for (const { key, shape, data } of tensors) {
    const name = key.replace('base_model.model.', '').replace(/\.weight$/, '');
    factors.set(name, tf.variable(tf.tensor(data, [...shape])));
  }
  return { scale: Number(config.lora_alpha) / Number(config.r), factors };
}
