// GPT-2, ready to be given to `loadModel`.
import type { Architecture, ModelParts } from '../architecture.ts';
import { type CausalLM, causalLM } from '../heads/causal-lm.ts';
import { outputHead } from '../heads/output-head.ts';
import { siteReader } from '../sites/site-reader.ts';
import { aliasedSource, withoutPrefix } from '../source/aliased-source.ts';
import { gpt2Body } from './body.ts';
import { readGpt2Config } from './config.ts';
import { gpt2Sites } from './sites.ts';

/** GPT-2, DistilGPT-2 and others with `model_type` "gpt2", from files with and without `transformer.` in their names. */
export const gpt2: Architecture<CausalLM> = {
  modelType: 'gpt2',
  // Causal masks, which older checkpoints keep, follow from the positions; a tied output may be there a second time.
  ignores: (name, config) =>
    /\.attn\.(masked_)?bias$/.test(name) || (name === 'lm_head.weight' && config.tie_word_embeddings !== false),
  async load({ config: raw, source, ...about }: ModelParts) {
    const config = readGpt2Config(raw);
    const reader = siteReader(aliasedSource(source, withoutPrefix('transformer.')));
    const sites = await gpt2Sites(config, reader);
    const head = await outputHead(reader, sites.embedding, config.tied);
    return causalLM(gpt2Body(config, sites), head, { ...about, config: raw });
  },
};
