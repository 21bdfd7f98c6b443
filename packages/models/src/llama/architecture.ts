// The Llama family, ready to be given to `loadModel`.
import type { Architecture, ModelParts } from '../architecture.ts';
import { type CausalLM, causalLM } from '../heads/causal-lm.ts';
import { type HeadOptions, readLabels } from '../heads/labels.ts';
import { outputHead } from '../heads/output-head.ts';
import { scoreClassifier } from '../heads/score-classifier.ts';
import type { SequenceClassifier } from '../heads/sequence-classifier.ts';
import { siteReader } from '../sites/site-reader.ts';
import { aliasedSource, withoutPrefix } from '../source/aliased-source.ts';
import { llamaBody } from './body.ts';
import { readLlamaConfig } from './config.ts';
import { llamaSites } from './sites.ts';

/** Some checkpoints keep the rotary frequencies, which follow from the configuration. */
const FREQUENCIES = /\.rotary_emb\.inv_freq$/;

/** Llama, and what is built like it: SmolLM2, TinyLlama and others with `model_type` "llama". */
export const llama: Architecture<CausalLM> = {
  modelType: 'llama',
  // A tied output may be there a second time.
  ignores: (name, config) =>
    FREQUENCIES.test(name) || (name === 'lm_head.weight' && config.tie_word_embeddings === true),
  async load({ config: raw, source, ...about }: ModelParts) {
    const config = readLlamaConfig(raw);
    const reader = siteReader(source);
    const sites = await llamaSites(config, reader);
    const head = await outputHead(reader, sites.embedding, config.tied);
    return causalLM(llamaBody(config, sites), head, { ...about, config: raw });
  },
};

/**
 * A Llama as a classifier, as transformers' LlamaForSequenceClassification. Where the folder has no `score`, it starts from
 * random numbers.
 */
export function llamaClassifier(options: HeadOptions = {}): Architecture<SequenceClassifier> {
  return {
    modelType: llama.modelType,
    ignores: (name) => FREQUENCIES.test(name) || name === 'lm_head.weight',
    async load(parts) {
      const labels = readLabels(parts.config, options);
      const config = readLlamaConfig(parts.config);
      const reader = siteReader(aliasedSource(parts.source, withoutPrefix('model.')), options.seed);
      const body = llamaBody(config, await llamaSites(config, reader));
      return scoreClassifier(body, reader, labels, parts, 'LlamaForSequenceClassification');
    },
  };
}
