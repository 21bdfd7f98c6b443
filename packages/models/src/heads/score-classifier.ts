// A causal model's body as a classifier: `score`, a linear layer without a bias, on the last token that is no padding.
import type { ModelParts } from '../architecture.ts';
import type { SiteReader } from '../sites/site-reader.ts';
import type { TokenBody } from '../token-body.ts';
import { labelConfig } from './labels.ts';
import { lastToken } from './pick-position.ts';
import { type SequenceClassifier, type SequenceHead, sequenceClassifier } from './sequence-classifier.ts';

/** @param architecture what transformers calls such a model */
export async function scoreClassifier(
  body: TokenBody,
  reader: SiteReader,
  labels: readonly string[],
  { config, base, tokenizer }: Omit<ModelParts, 'source'>,
  architecture: string,
): Promise<SequenceClassifier> {
  const score = await reader.linear('score', 'head', labels.length, body.dim, { bias: false, mayBeFresh: true });
  // Without a padding token transformers takes one row at a time.
  const pad = config.pad_token_id ?? tokenizer?.padId ?? null;
  const own = { ...labelConfig(config, labels, architecture), pad_token_id: pad };
  const head: SequenceHead = { labels, sites: [score], pool: (x, { mask }) => lastToken(x, mask) };
  return sequenceClassifier(body, head, { config: own, base, tokenizer, fresh: reader.fresh });
}
