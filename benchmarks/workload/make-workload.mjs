// @ts-check
// A folder with everything that the engines must share: the base model, the adapter they start from, and the batches.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random, useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { saveAdapter } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { llama, loadModel, randomSource, saveModel } from '@peftjs/models';

const SEED = 7;
/** Few enough that the model learns them, so that a wrong update shows in the loss. */
const BATCHES = 4;

/**
 * Makes the folder, runs `use` with its path, and takes it away again.
 * @template T
 * @param {import('./shapes.mjs').Workload} workload
 * @param {(folder: string) => Promise<T>} use
 * @param {import('@peftjs/lora').LoraOptions} [adapter] options of LoRA beside rank and targets
 * @returns {Promise<T>}
 */
export async function withWorkload(workload, use, adapter = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'peftjs-benchmark-'));
  try {
    await useBackend(cpu());
    await saveBase(workload, join(folder, 'base'));
    await saveLora(workload, folder, adapter);
    await writeFile(join(folder, 'batches.json'), JSON.stringify(makeBatches(workload)));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {import('./shapes.mjs').Workload} workload @param {string} path */
async function saveBase({ config, deviation }, path) {
  const base = { name: 'random', fingerprint: async () => 'none' };
  const model = await llama.load({ config, source: randomSource(SEED, deviation), base, tokenizer: null });
  await saveModel(model, path);
  model.dispose();
}

/**
 * @param {import('./shapes.mjs').Workload} workload
 * @param {string} folder
 * @param {import('@peftjs/lora').LoraOptions} options
 */
async function saveLora({ r }, folder, options) {
  const model = await loadModel(join(folder, 'base'));
  const targets = ['q_proj', 'v_proj'];
  const adapter = attach(model, lora({ r, alpha: 2 * r, targets, ...options }), { seed: SEED });
  await saveAdapter(adapter, join(folder, 'adapter'));
  adapter.detach();
  model.dispose();
}

/** @param {import('./shapes.mjs').Workload} workload */
function makeBatches({ config, b, t }) {
  const next = random(SEED);
  const vocab = Number(config.vocab_size);
  const ids = () => Array.from({ length: b * t }, () => Math.floor(next() * vocab));
  return { shape: [b, t], ids: Array.from({ length: BATCHES }, ids) };
}
