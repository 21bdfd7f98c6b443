// @ts-check
// The scales of a delta of signs, trained so that the logits match the tuned model's (BitDelta, arXiv 2402.10193): a method
// whose only parameter is what is added to each matrix's scale.
import { diskFolder, KEY_PREFIX, openWeights } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { loadModel } from '@peftjs/models';
import { train } from '@peftjs/train';
import { add, div, matMul, mul, reshape, square, sub, sum, tensor, zeros } from '@tensorflow/tfjs-core';

/**
 * @typedef {import('@peftjs/models').CausalLM} CausalLM
 * @typedef {import('./tuned-pair.mjs').Batches} Batches
 * @typedef {ReadonlyMap<string, { readonly signs: Float32Array, readonly scale: number }>} Signs by the module's path
 */

const SCALE = 'sign_scale';

/** W x becomes W x + c S x, with S of 1 and -1 [o, i] and c trained. @param {Signs} signs @returns {import('@peftjs/core').Method} */
const signScales = (signs) => ({
  type: 'SIGN_SCALES',
  targets: { modules: [...signs.keys()] },
  config: () => ({ library_name: 'peftjs' }),
  on: {
    linear: {
      params: () => ({ c: { file: SCALE, shape: [1], init: () => zeros([1]) } }),
      derive: ({ path, outDim, inDim }) => ({
        s: tensor(/** @type {Float32Array} */ (signs.get(path)?.signs), [outDim, inDim]),
      }),
      forward({ x, base, params, derived }) {
        const [c, s] = [params.c, derived.s];
        if (c === undefined || s === undefined) throw new Error('a site has no scale');
        const rows = reshape(x, [-1, s.shape[1] ?? 1]);
        const y = base(x);
        return add(y, mul(c, reshape(matMul(rows, s, false, true), y.shape)));
      },
    },
  },
});

/** @param {string} base @param {string} tuned @param {readonly string[]} paths @returns {Promise<Signs>} */
async function readSigns(base, tuned, paths) {
  const [before, after] = [await openWeights(diskFolder(base)), await openWeights(diskFolder(tuned))];
  const signs = new Map();
  for (const path of paths) {
    const [from, change] = [await before.readFloat32(`${path}.weight`), await after.readFloat32(`${path}.weight`)];
    let size = 0;
    for (let i = 0; i < change.length; i++) {
      const d = (change[i] ?? 0) - (from[i] ?? 0);
      size += Math.abs(d);
      change[i] = d < 0 ? -1 : 1;
    }
    signs.set(path, { signs: change, scale: size / change.length });
  }
  return signs;
}

/**
 * @param {{ base: string, tuned: string, applied: string }} folders `applied`: what a delta of signs gives
 * @param {Batches} batches
 * @param {{ steps: number, learningRate: number }} training
 * @returns {Promise<Record<string, number>>} the scale of each matrix by the tensor's name
 */
export async function distillScales({ base, tuned, applied }, batches, { steps, learningRate }) {
  const teacher = await loadModel(tuned);
  /** @type {Map<object, Float32Array>} */
  const wanted = new Map();
  const all = Array.from({ length: batches.size }, (_, k) => batches.get(0, k));
  for (const batch of all) {
    const logits = teacher.logits(batch);
    wanted.set(batch, /** @type {Float32Array} */ (await logits.data()));
    logits.dispose();
  }
  teacher.dispose();
  const model = await loadModel(applied);
  const paths = model.sites().flatMap((s) => (s.kind === 'linear' && s.role !== 'head' ? [s.path] : []));
  const signs = await readSigns(base, tuned, paths);
  const adapter = attach(model, signScales(signs), { name: 'scales' });
  /** @type {import('@peftjs/train').Learner<import('./tuned-pair.mjs').TokenBatch>} */
  const student = {
    ...model,
    // Mean over the vocabulary, sum over the tokens.
    loss(batch, ctx) {
      const logits = model.logits(batch, ctx);
      const target = tensor(/** @type {Float32Array} */ (wanted.get(batch)), logits.shape);
      return div(sum(square(sub(logits, target))), logits.shape.at(-1) ?? 1);
    },
  };
  const calibration = {
    size: all.length,
    get: (/** @type {number} */ _, /** @type {number} */ k) => all[k] ?? batches.get(0, k),
  };
  const mean = [...signs.values()].reduce((total, { scale }) => total + scale, 0) / signs.size;
  for await (const event of train(student, calibration, {
    ...{ trainable: adapter, learningRate: learningRate * mean, steps, epochs: steps, clip: Number.POSITIVE_INFINITY },
  }))
    if (event.type === 'step' && event.step % 10 === 0)
      console.error(`  step ${event.step}: ${event.loss.toExponential(2)}`);
  const scales = Object.fromEntries(
    await Promise.all(
      adapter.parameters.map(async ({ variable, key }) => {
        const path = key.slice(KEY_PREFIX.length, -SCALE.length - 1);
        const [c = 0] = await variable.data();
        return [`${path}.weight`, c + (signs.get(path)?.scale ?? 0)];
      }),
    ),
  );
  adapter.detach();
  model.dispose();
  return scales;
}
