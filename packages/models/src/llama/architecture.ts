// The Llama family, ready to be given to `loadModel`.
import type { Architecture, ModelParts } from '../architecture.ts';
import { type CausalLM, causalLM } from '../heads/causal-lm.ts';
import { outputHead } from '../heads/output-head.ts';
import { siteReader } from '../sites/site-reader.ts';
import { llamaBody } from './body.ts';
import { readLlamaConfig } from './config.ts';
import { llamaSites } from './sites.ts';

/** Llama, and what is built like it: SmolLM2, TinyLlama and others with `model_type` "llama". */
export const llama: Architecture<CausalLM> = {
  modelType: 'llama',
  // Some checkpoints keep the rotary frequencies, which follow from the configuration, or a tied output a second time.
  ignores: (name, config) =>
    name.endsWith('.rotary_emb.inv_freq') || (name === 'lm_head.weight' && config.tie_word_embeddings === true),
  async load({ config: raw, source, ...about }: ModelParts) {
    const config = readLlamaConfig(raw);
    const reader = siteReader(source);
    const sites = await llamaSites(config, reader);
    const head = await outputHead(reader, sites.embedding, config.tied);
    return causalLM(llamaBody(config, sites), head, { ...about, config: raw });
  },
};
