// @ts-check
// peftjs making a loaded model another variant of its base: by deltas that are loaded beside it, or by loading it.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { loadDelta } from '@peftjs/delta-runtime';
import { loadModel } from '@peftjs/models';
import { int8 } from '@peftjs/quantization';
import { memory } from '@tensorflow/tfjs-core';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';

/** @typedef {import('@peftjs/delta-runtime').LoadedDelta} LoadedDelta @typedef {import('@peftjs/models').CausalLM} CausalLM */

const STORAGES = { f32: {}, int8: { weights: int8() } };

await serve(async ({ folder, names, prompt, storage, ...options }) => {
  const about = await startBackend(options);
  const meter = memoryMeter();
  const how = STORAGES[/** @type {keyof typeof STORAGES} */ (storage)];
  const open = (/** @type {string} */ name) => loadModel(join(folder, name), how);
  const batch = {
    inputIds: Int32Array.from(prompt),
    attentionMask: new Int32Array(prompt.length).fill(1),
    shape: /** @type {[number, number]} */ ([1, prompt.length]),
  };
  const logitsOf = async (/** @type {CausalLM} */ one) => {
    const logits = one.logits(batch);
    const values = await logits.data();
    logits.dispose();
    return /** @type {Float32Array} */ (values);
  };

  /** What each variant gives, and the base. @type {Map<string, Float32Array>} */
  const expected = new Map();
  for (const name of ['plain', ...names]) {
    const one = await open(name);
    expected.set(name, await logitsOf(one));
    one.dispose();
  }
  const before = meter.bytes;
  let model = await open('plain');
  const modelBytes = meter.bytes - before;
  /** @type {Map<string, LoadedDelta>} */
  const deltas = new Map();
  let current = 'plain';

  const load = (/** @type {string} */ name) => loadDelta(model, join(folder, `${name}-delta`));
  /** The deltas of both variants, beside the model. */
  async function holdDeltas() {
    for (const name of names) if (!deltas.has(name)) deltas.set(name, await load(name));
  }
  function freeDeltas() {
    for (const delta of deltas.values()) delta.dispose();
    deltas.clear();
    current = 'plain';
  }
  const other = () => names.find((/** @type {string} */ name) => name !== current);
  const put = (/** @type {string} */ name) => deltas.get(name)?.apply();
  async function reload(/** @type {string} */ name) {
    model.dispose();
    model = await open(name);
  }
  /** Each makes the model one that it is not. @type {Record<string, { deltas: boolean, next: () => string, change: (name: string) => unknown }>} */
  const ways = {
    'put on, then taken off': {
      deltas: true,
      next: () => (current === 'plain' ? names[0] : 'plain'),
      change: (name) => (name === 'plain' ? deltas.get(current)?.takeOff() : put(name)),
    },
    'one for the other': { deltas: true, next: other, change: put },
    'one for the other, read from disk': {
      deltas: false,
      next: other,
      async change(name) {
        const delta = await load(name);
        delta.apply();
        deltas.get(current)?.dispose();
        deltas.clear();
        deltas.set(name, delta);
      },
    },
    'the model loaded again': { deltas: false, next: other, change: reload },
  };

  async function change(/** @type {string} */ variant) {
    const way = /** @type {(typeof ways)[string]} */ (ways[variant]);
    const name = way.next();
    const started = performance.now();
    await way.change(name);
    const ms = performance.now() - started;
    current = name;
    return ms;
  }
  async function check(/** @type {string} */ variant) {
    const [found, wanted] = [await logitsOf(model), expected.get(current)];
    if (!found.every((value, i) => value === wanted?.[i])) throw new Error(`${variant}: the model is not ${current}`);
  }
  /** The base, and beside it what the way finds there. @param {string} variant */
  async function prepareFor(variant) {
    freeDeltas();
    if (model.base.name !== join(folder, 'plain')) await reload('plain');
    if (ways[variant]?.deltas) await holdDeltas();
  }
  return {
    about: { ...about, modelBytes },
    handlers: {
      logits: async ({ name }) => [...(expected.get(name) ?? [])],
      async visit({ variant, count }) {
        await prepareFor(variant);
        await change(variant);
        await check(variant);
        const times = [];
        for (let i = 0; i < count; i++) {
          times.push(await change(variant));
          await check(variant);
        }
        return { times };
      },
      /** What is held beside the model for it; what two changes need at once beside that, and leave behind. */
      async inspect({ variant }) {
        await prepareFor(variant);
        await change(variant);
        await change(variant);
        await check(variant);
        const [tensors, resting] = [memory().numTensors, meter.bytes];
        meter.reset();
        await change(variant);
        await change(variant);
        const { peakBytes, bytes } = meter;
        return {
          heldBytes: resting - before - modelBytes,
          changeBytes: peakBytes - resting,
          tensorsLeft: memory().numTensors - tensors,
          bytesLeft: bytes - resting,
        };
      },
    },
  };
});
