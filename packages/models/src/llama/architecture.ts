// The Llama family, ready to be given to `loadModel`.
import type { Architecture } from '../architecture.ts';
import { readLlamaConfig } from './config.ts';
import { createLlama } from './llama.ts';
import { llamaSites } from './sites.ts';

/** Llama, and what is built like it: SmolLM2, TinyLlama and others with `model_type` "llama". */
export const llama: Architecture = {
  modelType: 'llama',
  // Some checkpoints keep the rotary frequencies, which follow from the configuration, or a tied output a second time.
  ignores: (name, config) =>
    name.endsWith('.rotary_emb.inv_freq') || (name === 'lm_head.weight' && config.tie_word_embeddings === true),
  async load({ config: raw, source, base, tokenizer }) {
    const config = readLlamaConfig(raw);
    return createLlama({ config, raw, sites: await llamaSites(config, source), base, tokenizer });
  },
};
