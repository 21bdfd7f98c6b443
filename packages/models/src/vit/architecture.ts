// ViT as a classifier of images, ready to be given to `loadModel`.
import type { Architecture } from '../architecture.ts';
import { type ImageClassifier, imageClassifier } from '../heads/image-classifier.ts';
import { type HeadOptions, labelConfig, readLabels } from '../heads/labels.ts';
import { siteReader } from '../sites/site-reader.ts';
import { aliasedSource, withoutPrefix } from '../source/aliased-source.ts';
import { vitBody } from './body.ts';
import { readVitConfig } from './config.ts';
import { vitFileName } from './file-names.ts';
import { vitSites } from './sites.ts';

const bare = withoutPrefix('vit.');

/**
 * ViT with `classifier` on its first token, as transformers' ViTForImageClassification. Where the folder has no
 * `classifier`, it starts from random numbers.
 */
export function vitClassifier(options: HeadOptions = {}): Architecture<ImageClassifier> {
  return {
    modelType: 'vit',
    ignores: (name) => /^(vit\.)?(pooler|embeddings\.mask_token)/.test(name),
    async load({ config: raw, source, base, tokenizer }) {
      const labels = readLabels(raw, options);
      const config = readVitConfig(raw);
      const names = (name: string) => [vitFileName(name), ...bare(vitFileName(name)), ...bare(name)];
      const reader = siteReader(aliasedSource(source, names), options.seed);
      const body = vitBody(config, await vitSites(config, reader));
      const head = await reader.linear('classifier', 'head', labels.length, config.dim, { mayBeFresh: true });
      const own = labelConfig(raw, labels, 'ViTForImageClassification');
      return imageClassifier(body, head, labels, { config: own, base, tokenizer, fresh: reader.fresh });
    },
  };
}
