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
  const model = await open('plain');
  const modelBytes = meter.bytes - before;
  const load = (/** @type {string} */ name) => loadDelta(model, join(folder, `${name}-delta`));
  /** @type {Map<string, LoadedDelta>} */
  const deltas = new Map();
  for (const name of names) deltas.set(name, await load(name));
  let current = 'plain';
  const other = () => names.find((/** @type {string} */ name) => name !== current);
  const put = (/** @type {string} */ name) => deltas.get(name)?.apply();
  /** Each makes the model one that it is not. @type {Record<string, { next(): string, change(name: string): unknown }>} */
  const ways = {
    'put on, then taken off': {
      next: () => (current === 'plain' ? names[0] : 'plain'),
      change: (name) => (name === 'plain' ? deltas.get(current)?.takeOff() : put(name)),
    },
    'one for the other': { next: other, change: put },
    'one for the other, read from disk': {
      next: other,
      async change(name) {
        const delta = await load(name);
        delta.apply();
        deltas.get(name)?.dispose();
        deltas.set(name, delta);
      },
    },
  };

  async function check(/** @type {CausalLM} */ one, /** @type {string} */ name, /** @type {string} */ variant) {
    const [found, wanted] = [await logitsOf(one), expected.get(name)];
    if (!found.every((value, i) => value === wanted?.[i])) throw new Error(`${variant}: the model is not ${name}`);
  }
  /** How long it took, and what it needed at once beside what was there. @param {string} variant */
  async function change(variant) {
    const way = ways[variant];
    const resting = meter.bytes;
    meter.reset();
    const started = performance.now();
    if (way === undefined) {
      const name = other();
      const again = await open(name);
      const [ms, bytes] = [performance.now() - started, meter.peakBytes - resting];
      await check(again, name, variant);
      again.dispose();
      return { ms, bytes };
    }
    const name = way.next();
    await way.change(name);
    const [ms, bytes] = [performance.now() - started, meter.peakBytes - resting];
    current = name;
    await check(model, name, variant);
    return { ms, bytes };
  }
  return {
    about: { ...about, modelBytes },
    handlers: {
      logits: async ({ name }) => [...(expected.get(name) ?? [])],
      async visit({ variant, count }) {
        const times = [];
        for (let i = 0; i < count; i++) times.push((await change(variant)).ms);
        return { times };
      },
      /** What is held beside the model for it, what a change needs at once, and what is left behind: by two where one takes off. */
      async inspect({ variant }) {
        const [tensors, bytes] = [memory().numTensors, meter.bytes];
        const isPlain = current === 'plain';
        const needed = [await change(variant)];
        if ((current === 'plain') !== isPlain) needed.push(await change(variant));
        return {
          heldBytes: variant in ways ? meter.bytes - before - modelBytes : 0,
          changeBytes: Math.max(...needed.map((one) => one.bytes)),
          tensorsLeft: memory().numTensors - tensors,
          bytesLeft: meter.bytes - bytes,
        };
      },
    },
  };
});
