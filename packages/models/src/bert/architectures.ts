// The BERT family with each of its heads, ready to be given to `loadModel`.
import { tanh } from '@tensorflow/tfjs-core';
import type { Architecture, ModelParts } from '../architecture.ts';
import { type HeadOptions, labelConfig, readLabels } from '../heads/labels.ts';
import { firstToken } from '../heads/pick-position.ts';
import { type SentenceEncoder, sentenceEncoder } from '../heads/sentence-encoder.ts';
import { type SequenceClassifier, sequenceClassifier } from '../heads/sequence-classifier.ts';
import { type TokenClassifier, tokenClassifier } from '../heads/token-classifier.ts';
import { type SiteReader, siteReader } from '../sites/site-reader.ts';
import type { LooseTensor } from '../sites/stored-tensors.ts';
import { aliasedSource } from '../source/aliased-source.ts';
import { bertBody } from './body.ts';
import { readBertConfig } from './config.ts';
import { bertSites } from './sites.ts';

const MODEL_TYPE = 'bert';

/** Position numbers, and the heads of what a BERT is trained for besides: pretraining, answers, tokens. */
const OTHERS = /^(bert\.)?embeddings\.(position|token_type)_ids$|^(cls|qa_outputs|classifier)\./;
const POOLER = /^(bert\.)?pooler\./;

/** Files of the body alone have no `bert.`, those of a head have it; old ones call a norm's weight and bias gamma and beta. */
function otherNames(name: string): readonly string[] {
  const other = name.startsWith('bert.') ? name.slice(5) : `bert.${name}`;
  const older = (one: string) =>
    one.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  return [other, older(name), older(other)];
}

async function readBody({ config, source }: ModelParts, prefix: string, seed?: number) {
  const c = readBertConfig(config);
  const reader = siteReader(aliasedSource(source, otherNames), seed);
  const body = bertBody(c, await bertSites(c, prefix, reader));
  return { body, reader };
}

/**
 * BERT as a classifier of texts, its pooler and `classifier` on the first token, as transformers'
 * BertForSequenceClassification. Where the folder has no `classifier`, it starts from random numbers.
 *
 * @example
 * const model = await loadModel('google-bert/bert-base-uncased', { architectures: [bertClassifier({ labels: ['ham', 'spam'] })] });
 */
export function bertClassifier(options: HeadOptions = {}): Architecture<SequenceClassifier> {
  return {
    modelType: MODEL_TYPE,
    ignores: (name) => OTHERS.test(name),
    async load(parts) {
      const { config, base, tokenizer } = parts;
      const labels = readLabels(config, options);
      const { body, reader } = await readBody(parts, 'bert.', options.seed);
      const { dim, runner } = body;
      const pooler = await reader.linear('bert.pooler.dense', 'pooler', dim, dim, { mayBeFresh: true });
      const classifier = await reader.linear('classifier', 'head', labels.length, dim, { mayBeFresh: true });
      return sequenceClassifier(
        body,
        {
          labels,
          sites: [pooler, classifier],
          pool: (x, { mask }, ctx) => tanh(runner.linear(pooler, firstToken(x, mask), ctx)),
        },
        { config: labelConfig(config, labels, 'BertForSequenceClassification'), base, tokenizer, fresh: reader.fresh },
      );
    },
  };
}

/** BERT as a classifier of tokens, as transformers' BertForTokenClassification. */
export function bertTokenClassifier(options: HeadOptions = {}): Architecture<TokenClassifier> {
  return {
    modelType: MODEL_TYPE,
    ignores: (name) => OTHERS.test(name) || POOLER.test(name),
    async load(parts) {
      const { config, base, tokenizer } = parts;
      const labels = readLabels(config, options);
      const { body, reader } = await readBody(parts, 'bert.', options.seed);
      const head = await reader.linear('classifier', 'head', labels.length, body.dim, { mayBeFresh: true });
      const own = labelConfig(config, labels, 'BertForTokenClassification');
      return tokenClassifier(body, head, labels, { config: own, base, tokenizer, fresh: reader.fresh });
    },
  };
}

/** The pooler where the folder has one: nothing here uses it, and it is saved again as it was. */
async function readPooler(reader: SiteReader, { source }: ModelParts, dim: number): Promise<readonly LooseTensor[]> {
  const names = ['pooler.dense.weight', 'pooler.dense.bias'] as const;
  if (!names.some((name) => source.has(name) || source.has(`bert.${name}`))) return [];
  const [weight, bias] = [await reader.loose(names[0], [dim, dim]), await reader.loose(names[1], [dim])];
  return [
    { ...weight, unused: true },
    { ...bias, unused: true },
  ];
}

/**
 * BERT as a sentence encoder: the mean of the hidden states, of length 1, as all-MiniLM-L6-v2 is used.
 *
 * @example
 * const model = await loadModel('sentence-transformers/all-MiniLM-L6-v2', { architectures: [bertEncoder()] });
 * const similarity = tf.matMul(model.embed(['a cat']), model.embed(['a dog']), false, true);
 */
export function bertEncoder(): Architecture<SentenceEncoder> {
  return {
    modelType: MODEL_TYPE,
    ignores: (name) => OTHERS.test(name),
    async load(parts) {
      const { config, base, tokenizer } = parts;
      const { body, reader } = await readBody(parts, '');
      const about = { config: { ...config, architectures: ['BertModel'] }, base, tokenizer };
      return sentenceEncoder({ ...body, loose: await readPooler(reader, parts, body.dim) }, about);
    },
  };
}
