// Prompt tuning (Lester et al., arXiv 2104.08691): [P; E(ids)] with P [T, d] learned, the model left as it is.
import type { Method } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type PromptInit, random } from './initializers.ts';
import { makePrompt } from './make-prompt.ts';
import { tokenTable } from './model-shape.ts';

export interface PromptTuningOptions {
  /** T, how many virtual tokens there are. */
  readonly tokens: number;
  /** How they start; `random` when left out. */
  readonly init?: PromptInit;
}

/**
 * Prompt tuning.
 *
 * @throws when the number of tokens is no whole number above 0
 * @example
 * attach(model, promptTuning({ tokens: 16, init: fromText('Classify this mail: ', model.tokenizer) }));
 */
export function promptTuning({ tokens, init = random }: PromptTuningOptions): Method {
  return makePrompt({
    type: 'PROMPT_TUNING',
    tokens,
    specs(dim, model) {
      const fill = (shape: readonly number[], next: () => number) => init.fill(shape, next, tokenTable(model));
      return { prompt: { file: 'prompt_embeddings', shape: [tokens, dim], init: fill } };
    },
    embed: ({ prompt }) => prompt as Tensor,
    config: () => init.config,
  });
}
