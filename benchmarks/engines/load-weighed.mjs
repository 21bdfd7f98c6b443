// @ts-check
// A model with its frozen weights in one storage: how long it took to load, and what a process holds for one.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadModel } from '@peftjs/models';
import { asStored, bf16, byRole, f16, fp4, int4, int8, measureImportance, nf4 } from '@peftjs/quantization';
import { meanLoss } from '@peftjs/train';

const inInt8 = { embed: int8(), head: int8() };

/** By the names that they have on the command line, and some that have none there. */
const STORAGES = {
  f32: {},
  f16: { weights: f16() },
  bf16: { weights: bf16() },
  int8: { weights: int8() },
  'int8-inputs': { weights: int8({ inputs: 8 }) },
  int4: { weights: int4() },
  nf4: { weights: nf4() },
  'nf4-double': { weights: nf4({ doubleQuantization: true }) },
  // As QLoRA has them: embeddings and the output stay in 16 bits.
  qlora: { weights: byRole({ embed: bf16(), head: bf16() }, nf4({ doubleQuantization: true })) },
  'nf4-int8': { weights: byRole(inInt8, nf4({ doubleQuantization: true })) },
  'nf4-32-int8': { weights: byRole(inInt8, nf4({ block: 32, doubleQuantization: true })) },
  fp4: { weights: fp4() },
  'as-stored': { weights: asStored() },
};

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Bytes resident once what was freed has gone back to the system. */
async function settled() {
  for (let k = 0; k < 5; k++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

/** @param {import('@peftjs/models').CausalLM} model */
function sizesOf(model) {
  const weights = [...new Set(model.sites().flatMap((site) => ('weight' in site ? [site.weight] : [])))];
  return {
    weightBytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
    numbers: weights.reduce((sum, { outDim, inDim }) => sum + outDim * inDim, 0),
  };
}

/** Native TensorFlow takes a weight over when it is first used. @param {import('@peftjs/models').CausalLM} model */
async function useOnce(model) {
  const two = () => Int32Array.of(1, 1);
  const short = { inputIds: two(), attentionMask: two(), labels: two(), shape: /** @type {const} */ ([1, 2]) };
  await meanLoss(model, { size: 1, get: () => short });
}

/**
 * The model as its file has it, and what enters its layers in what `run` runs it on.
 * @param {string} path
 * @param {boolean} products
 * @param {(model: import('@peftjs/models').CausalLM) => Promise<unknown>} run
 */
export async function loadMeasured(path, products, run) {
  const original = await loadModel(path, { weights: asStored() });
  return { original, importance: await measureImportance(original, () => run(original), { products }) };
}

/** As `nf4-int8`, such that it loses least. @param {{ block: number, importance: import('@peftjs/quantization').Importance }} how */
export const importantStorage = (how) => ({ weights: byRole(inInt8, nf4({ ...how, doubleQuantization: true })) });

/** Of products of inputs their squares. @param {import('@peftjs/quantization').Importance} products */
export function squaresOf(products) {
  const diagonal = (/** @type {Float32Array} */ all) => {
    const n = Math.sqrt(all.length);
    return Float32Array.from({ length: n }, (_, i) => /** @type {number} */ (all[i * (n + 1)]));
  };
  return new Map([...products].map(([path, all]) => [path, diagonal(all)]));
}

/** @param {string} path @param {keyof typeof STORAGES} storage */
export const loadWeighed = (path, storage) => loadIn(path, STORAGES[storage]);

/** @param {string} path @param {import('@peftjs/models').LoadOptions} options */
export async function loadIn(path, options) {
  const started = performance.now();
  const model = await loadModel(path, options);
  const loadMs = performance.now() - started;
  return {
    model,
    load: { loadMs },
    /** What a second copy takes: code, tables and scratch have been there since the first. */
    async weigh() {
      await useOnce(model);
      const before = await settled();
      const second = await loadModel(path, options);
      await useOnce(second);
      return { ...sizesOf(second), heldBytes: (await settled()) - before };
    },
  };
}
