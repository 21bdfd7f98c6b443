// A sentence encoder (Reimers and Gurevych, arXiv 1908.10084): the mean of a text's hidden states, of length 1.
import { engine } from '@peftjs/backend';
import type { Context } from '@peftjs/core';
import { div, maximum, mul, reshape, sqrt, square, sum, type Tensor } from '@tensorflow/tfjs-core';
import { type About, createModel, INFERENCE, type Model } from '../model.ts';
import { runBody, type TokenBody } from '../token-body.ts';
import { batchTexts } from '../tokens/batch-texts.ts';
import type { TokenInput } from '../tokens/token-input.ts';

export interface SentenceEncoder extends Model {
  /** The most tokens it was made for. */
  readonly contextLength: number;
  /** Numbers in an embedding. */
  readonly dim: number;
  /**
   * Embeddings [b, d] of length 1, of tokens or of texts.
   *
   * @throws for texts where the model has no tokenizer
   */
  embed(input: TokenInput | readonly string[], ctx?: Context): Tensor;
}

export function sentenceEncoder(body: TokenBody, about: About): SentenceEncoder {
  const tokensOf = (input: TokenInput | readonly string[]): TokenInput => {
    if ('inputIds' in input) return input;
    if (about.tokenizer) return batchTexts(about.tokenizer, input, { maxLength: body.contextLength });
    throw new Error('[peftjs/models] this model came without tokenizer.json; embed batches of token ids');
  };
  const model: SentenceEncoder = {
    ...createModel(body, [], 'FEATURE_EXTRACTION', about),
    contextLength: body.contextLength,
    dim: body.dim,
    embed: (input, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, sequence } = runBody(body, model, tokensOf(input), outer);
        const counts = reshape(sequence.mask, [...sequence.mask.shape, 1]);
        const mean = div(sum(mul(x, counts), 1), maximum(sum(counts, 1), 1));
        return div(mean, maximum(sqrt(sum(square(mean), 1, true)), 1e-12));
      }),
  };
  return model;
}
