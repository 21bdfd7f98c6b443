// @ts-check
// The models that have learned something: where each of them is, or null.
import { findSmolLM2 } from '../../recipes/smollm2-file.mjs';
import { SOTU } from './novel.mjs';

/** @type {Readonly<Record<string, () => string | null>>} */
const MODELS = { 'sotu-3m': () => SOTU, 'SmolLM2-135M': findSmolLM2 };

/** @param {string} name @returns {{ path: string } | { absent: string }} */
export function findModel(name) {
  const path = MODELS[name]?.() ?? null;
  return path === null ? { absent: `${name} is not there; node recipes/smollm2-file.mjs fetches it` } : { path };
}
