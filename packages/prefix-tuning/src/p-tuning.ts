// P-tuning (Liu et al., arXiv 2103.10385): [P; E(ids)] with P = encoder(E'), where E' [T, d] and the encoder are learned.
import { dropout, type Method, type Tensors } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { gaussian } from './initializers.ts';
import { encoderSpec } from './linear-layer.ts';
import { makePrompt } from './make-prompt.ts';
import { mlp } from './mlp.ts';
import type { Drop, PromptEncoder } from './prompt-encoder.ts';

export interface PTuningOptions {
  /** T, how many virtual tokens there are. */
  readonly tokens: number;
  /** What makes the prompt: `mlp()` when left out, or `lstm()`. */
  readonly encoder?: PromptEncoder;
}

const TYPE = 'P_TUNING';
const keep: Drop = (x) => x;

/**
 * P-tuning. A saved adapter holds what the encoder has made, and not the encoder.
 *
 * @throws when the number of tokens is no whole number above 0
 * @example
 * attach(model, pTuning({ tokens: 16, encoder: lstm({ hidden: 128, layers: 2 }) }));
 */
export function pTuning({ tokens, encoder = mlp() }: PTuningOptions): Method {
  const encode = (shared: Tensors, drop: Drop) => encoder.encode(shared['embedding.weight'] as Tensor, shared, drop);
  return makePrompt({
    type: TYPE,
    tokens,
    specs: (dim) => ({ ...encoderSpec('embedding.weight', [tokens, dim], gaussian(1)), ...encoder.specs(dim) }),
    embed: (shared, { ctx, seed }) =>
      encode(shared, (x, rate, layer) => (ctx.training && rate > 0 ? dropout(x, rate, [ctx.seed, ...seed, layer]) : x)),
    exported: (shared) => ({ prompt_embeddings: encode(shared, keep) }),
    config: encoder.config,
  });
}

/** P-tuning as its files have it: the encoder's work done, its prompt [T, d] in its place. */
export function encodedPTuning({ tokens, encoder = mlp() }: PTuningOptions): Method {
  return makePrompt({
    type: TYPE,
    tokens,
    specs: (dim) => ({ prompt: { file: 'prompt_embeddings', shape: [tokens, dim], init: gaussian(1) } }),
    embed: ({ prompt }) => prompt as Tensor,
    config: encoder.config,
  });
}
