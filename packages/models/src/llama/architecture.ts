// The Llama family, ready to be given to `loadModel`.
import type { Architecture } from '../architecture.ts';
import { readLlamaConfig } from './config.ts';
import { createLlama } from './llama.ts';
import { llamaSites } from './sites.ts';

/** Llama, and what is built like it: SmolLM2, TinyLlama and others with `model_type` "llama". */
export const llama: Architecture = {
  modelType: 'llama',
  async load({ config: raw, source, base, tokenizer }) {
    const config = readLlamaConfig(raw);
    return createLlama({ config, raw, sites: await llamaSites(config, source), base, tokenizer });
  },
};
