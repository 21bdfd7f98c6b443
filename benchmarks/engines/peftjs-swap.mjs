// @ts-check
// peftjs putting an adapter in the place of another, in several ways.
import { join } from 'node:path';
import { memoryMeter } from '@peftjs/backend';
import { httpFolder, loadAdapter } from '@peftjs/checkpoint';
import { adaptersOf, merge, restore } from '@peftjs/core';
import { readLora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { memory } from '@tensorflow/tfjs-core';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';

/** @typedef {import('@peftjs/core').Adapter} Adapter */

await serve(async ({ folder, names, url, prompt, ...options }) => {
  const about = await startBackend(options);
  const meter = memoryMeter();
  const model = await loadModel(join(folder, 'base'));
  const families = [readLora()];
  const fromDisk = (/** @type {string} */ name) => loadAdapter(join(folder, name));
  const batch = {
    inputIds: Int32Array.from(prompt),
    attentionMask: new Int32Array(prompt.length).fill(1),
    shape: /** @type {[number, number]} */ ([1, prompt.length]),
  };
  const output = async () => {
    const logits = model.logits(batch);
    const values = await logits.data();
    logits.dispose();
    return /** @type {Float32Array} */ (values);
  };

  /** What each adapter gives, and what it is in memory. */
  const expected = new Map();
  const snapshots = new Map();
  for (const name of names) {
    const adapter = await restore(model, await fromDisk(name), families);
    expected.set(name, await output());
    snapshots.set(name, await adapter.snapshot());
    adapter.detach();
  }

  const replaceBy = async (/** @type {Adapter} */ old, /** @type {Promise<any>} */ loading) =>
    restore(model, await loading, families, { replaces: old });
  /** Each puts the adapter of that name in the place of the one that is there. @type {Record<string, (old: Adapter, name: string) => Promise<unknown>>} */
  const ways = {
    'replaced from memory': (old, name) => replaceBy(old, Promise.resolve(snapshots.get(name))),
    'replaced from disk': (old, name) => replaceBy(old, fromDisk(name)),
    'replaced over HTTP': (old, name) => replaceBy(old, loadAdapter(httpFolder(`${url}/${name}`))),
    'detached, then attached from disk': async (old, name) => {
      old.detach();
      return restore(model, await fromDisk(name), families);
    },
    'unmerged, then merged from disk': async (old, name) => {
      old.detach();
      return merge(await restore(model, await fromDisk(name), families));
    },
  };
  let current = names[0];
  const swap = async (/** @type {string} */ variant) => {
    const [old] = adaptersOf(model);
    const next = names.find((/** @type {string} */ name) => name !== current);
    await ways[variant]?.(/** @type {Adapter} */ (old), next);
    current = next;
  };
  /** The adapter that is there, in the state in which a way of swapping finds it. @param {string} variant */
  async function prepareFor(variant) {
    for (const adapter of adaptersOf(model)) adapter.detach();
    const adapter = await restore(model, snapshots.get(current), families);
    if (variant.startsWith('unmerged')) await merge(adapter);
  }
  const check = async (/** @type {string} */ variant) => {
    const error = relativeError(await output(), expected.get(current));
    if (!(error <= TOLERANCES.logits)) throw new Error(`${variant}: the model does not run ${current}: ${error}`);
  };
  return {
    about,
    handlers: {
      async visit({ variant, count }) {
        await prepareFor(variant);
        await swap(variant);
        const times = [];
        for (let i = 0; i < count; i++) {
          const started = performance.now();
          await swap(variant);
          times.push(performance.now() - started);
          await check(variant);
        }
        return { times };
      },
      /** What two swaps, there and back, need at once beside what is there, and leave behind. */
      async inspect({ variant }) {
        await prepareFor(variant);
        await swap(variant);
        await swap(variant);
        const [tensors, resting] = [memory().numTensors, meter.bytes];
        meter.reset();
        await swap(variant);
        await swap(variant);
        const { peakBytes, bytes } = meter;
        return {
          swapBytes: peakBytes - resting,
          tensorsLeft: memory().numTensors - tensors,
          bytesLeft: bytes - resting,
        };
      },
    },
  };
});
