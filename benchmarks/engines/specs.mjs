// @ts-check
// How each engine is started. All of them train the adapter of the same workload folder, or generate with it.

/**
 * @typedef {import('../harness/engine.mjs').EngineSpec} EngineSpec
 * @typedef {{ folder?: string, threads: number, learningRate?: number, recompute?: boolean }} Common
 */

const threadsOf = (/** @type {number} */ n) => (n === 1 ? '1 thread' : `${n} threads`);

/** @param {'train' | 'generate' | 'swap' | 'switch'} job @param {Common} options @param {string} [note] @returns {EngineSpec} */
export const torch = (job, options, note = '') => ({
  name: `torch + peft (${threadsOf(options.threads)}${note})`,
  language: 'python',
  file: `engines/torch_${job}.py`,
  options,
  env: { OMP_NUM_THREADS: String(options.threads) },
});

/**
 * @param {'train' | 'generate' | 'gradients' | 'learn' | 'routing' | 'storages' | 'swap' | 'switch'} job
 * @param {'wasm' | 'node'} backend
 * @param {Common & { backward?: 'ours' | 'tfjs', [more: string]: unknown }} options
 * @param {string} [note]
 * @returns {EngineSpec}
 */
export const peftjs = (job, backend, options, note = '') => ({
  name: `peftjs ${backend} (${threadsOf(options.threads)}${note})`,
  language: 'javascript',
  file: `engines/peftjs-${job}.mjs`,
  options: { ...options, backend },
});

/**
 * TensorFlow.js as it is shipped: its wasm has one thread in Node.
 * @param {'wasm' | 'node'} backend
 * @param {Omit<Common, 'threads'> & { update?: boolean }} options
 * @returns {EngineSpec}
 */
export const plain = (backend, options) => ({
  name: backend === 'wasm' ? 'plain tfjs wasm (1 thread)' : 'plain tfjs-node (2 threads)',
  language: 'javascript',
  file: 'engines/plain-train.mjs',
  options: { ...options, backend },
  env: backend === 'node' ? { TF_NUM_INTRAOP_THREADS: '2' } : {},
});
