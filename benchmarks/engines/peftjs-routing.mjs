// @ts-check
// peftjs running rows over several adapters: in one batch by routes, or each adapter's rows in a batch of their own.
import { join } from 'node:path';
import { engine } from '@peftjs/backend';
import { attach, route } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { INFERENCE, loadModel } from '@peftjs/models';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { dispose, memory } from '@tensorflow/tfjs-core';
import { selfTimes } from './self-times.mjs';
import { serve } from './serve.mjs';
import { startBackend } from './start-backend.mjs';

/**
 * @typedef {import('@peftjs/models').KeyValueCache} Cache
 * @typedef {import('@peftjs/models').TokenBatch} Batch
 * @typedef {import('@peftjs/core').Route} Route
 * @typedef {{ batch: Batch, ctx: import('@peftjs/core').Context }} Pass
 */

/** @param {readonly number[]} rows their numbers @param {number} t @param {number} vocab @returns {Batch} */
function batchOf(rows, t, vocab) {
  const inputIds = Int32Array.from(
    rows.flatMap((row) => Array.from({ length: t }, (_, k) => (row * 31 + k * 7) % vocab)),
  );
  return { inputIds, attentionMask: new Int32Array(inputIds.length).fill(1), shape: [rows.length, t] };
}

/** @param {Cache} cache */
const free = ({ mask, blocks }) => dispose([mask, ...blocks.flatMap(({ k, v }) => [k, v])]);

await serve(async ({ folder, rows, prompt, r, ...options }) => {
  const about = await startBackend(options);
  const model = await loadModel(join(folder, 'base'));
  const vocab = Number(model.config.vocab_size);
  const adapters = Array.from({ length: rows }, (_, seed) =>
    attach(model, lora({ r, init: noisy }), { name: `adapter ${seed}`, seed }),
  );
  const all = Array.from({ length: rows }, (_, row) => row);

  /** Which adapter a row runs. @param {number} row @param {number} n adapters @param {boolean} [mixed] */
  const adapterOf = (row, n, mixed = false) => (mixed ? row % n : Math.floor((row * n) / rows));
  /** @param {readonly number[]} some @param {Route | readonly Route[]} routes @param {number} t @returns {Pass} */
  const passOf = (some, routes, t) => ({ batch: batchOf(some, t, vocab), ctx: { ...INFERENCE, routes } });

  /**
   * The passes that a variant needs for all rows: `8 adapters, one batch`.
   * @param {string} variant @param {number} t @returns {Pass[]}
   */
  function passesOf(variant, t) {
    if (variant === 'base') return [passOf(all, route(), t)];
    const n = Number.parseInt(variant, 10);
    const routeOf = (/** @type {number} */ k) => route(/** @type {import('@peftjs/core').Adapter} */ (adapters[k]));
    if (variant.includes('apart')) {
      const groups = Array.from({ length: n }, (_, k) => all.filter((row) => adapterOf(row, n) === k));
      return groups.map((some, k) => passOf(some, routeOf(k), t));
    }
    const mixed = variant.includes('alternating');
    return [passOf(all, n === 1 ? routeOf(0) : all.map((row) => routeOf(adapterOf(row, n, mixed))), t)];
  }

  /** A cache of each of a variant's passes. @type {Map<string, Cache[]>} */
  const caches = new Map();
  /** @param {string} variant */
  function cachesOf(variant) {
    const found =
      caches.get(variant) ??
      passesOf(variant, prompt).map(({ batch, ctx }) => {
        const { logits, cache } = model.step(batch, null, ctx);
        logits.dispose();
        return cache;
      });
    caches.set(variant, found);
    return found;
  }

  /** Runs all rows once, and gives the logits of their last positions. @param {string} what */
  async function run(what) {
    const [kind, variant = ''] = what.split(': ');
    const past = kind === 'token' ? cachesOf(variant) : [];
    const found = [];
    for (const [i, { batch, ctx }] of passesOf(variant, kind === 'token' ? 1 : prompt).entries()) {
      const { logits, cache } = model.step(batch, past[i] ?? null, ctx);
      found.push(.../** @type {Float32Array} */ (await logits.data()));
      logits.dispose();
      free(cache);
    }
    return found;
  }

  return {
    about,
    handlers: {
      async visit({ variant, count }) {
        await run(variant);
        const times = [];
        for (let i = 0; i < count; i++) {
          const started = performance.now();
          await run(variant);
          times.push(performance.now() - started);
        }
        return { times };
      },
      /** The kernels of a variant; it must give what `reference` gives, and leave nothing behind. */
      async inspect({ variant, reference }) {
        const found = await run(variant);
        const before = memory().numTensors;
        const { kernels } = await selfTimes(engine(), async () => void (await run(variant)));
        if (memory().numTensors !== before) throw new Error(`${variant} leaves tensors behind`);
        const error = reference === undefined ? 0 : relativeError(found, await run(reference));
        if (!(error <= TOLERANCES.logits))
          throw new Error(`${variant} computes something else than ${reference}: ${error}`);
        return { kernels, error };
      },
    },
  };
});
