// GPT-2, ready to be given to `loadModel`.
import type { Architecture, ModelParts } from '../architecture.ts';
import { type CausalLM, causalLM } from '../heads/causal-lm.ts';
import { type HeadOptions, readLabels } from '../heads/labels.ts';
import { outputHead } from '../heads/output-head.ts';
import { scoreClassifier } from '../heads/score-classifier.ts';
import type { SequenceClassifier } from '../heads/sequence-classifier.ts';
import { siteReader } from '../sites/site-reader.ts';
import { aliasedSource, withoutPrefix } from '../source/aliased-source.ts';
import { gpt2Body } from './body.ts';
import { readGpt2Config } from './config.ts';
import { gpt2Sites } from './sites.ts';

/** Causal masks, which older checkpoints keep, follow from the positions. */
const MASKS = /\.attn\.(masked_)?bias$/;
const oldNames = withoutPrefix('transformer.');

/** GPT-2, DistilGPT-2 and others with `model_type` "gpt2", from files with and without `transformer.` in their names. */
export const gpt2: Architecture<CausalLM> = {
  modelType: 'gpt2',
  // A tied output may be there a second time.
  ignores: (name, config) => MASKS.test(name) || (name === 'lm_head.weight' && config.tie_word_embeddings !== false),
  async load({ config: raw, source, ...about }: ModelParts) {
    const config = readGpt2Config(raw);
    const reader = siteReader(aliasedSource(source, oldNames));
    const sites = await gpt2Sites(config, reader);
    const head = await outputHead(reader, sites.embedding, config.tied);
    return causalLM(gpt2Body(config, sites), head, { ...about, config: raw });
  },
};

/**
 * GPT-2 as a classifier, as transformers' GPT2ForSequenceClassification. Where the folder has no `score`, it starts from
 * random numbers.
 */
export function gpt2Classifier(options: HeadOptions = {}): Architecture<SequenceClassifier> {
  return {
    modelType: gpt2.modelType,
    ignores: (name) => MASKS.test(name) || name === 'lm_head.weight',
    async load(parts) {
      const labels = readLabels(parts.config, options);
      const config = readGpt2Config(parts.config);
      const reader = siteReader(aliasedSource(parts.source, oldNames), options.seed);
      const body = gpt2Body(config, await gpt2Sites(config, reader));
      return scoreClassifier(body, reader, labels, parts, 'GPT2ForSequenceClassification');
    },
  };
}
