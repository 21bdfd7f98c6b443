// How a prompt starts: as noise, as the words of a text, or as words of the vocabulary.
import { normal, type Random, random as stream } from '@peftjs/backend';
import type { EmbeddingSite, Json } from '@peftjs/core';
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';

export interface PromptInit {
  /** PEFT's keys for it. */
  readonly config: Readonly<Record<string, Json>>;
  /** Embeddings of this shape, [T, d]. `table` is where the model embeds its tokens. */
  readonly fill: (shape: readonly number[], next: Random, table: EmbeddingSite | null) => Tensor;
}

/** What makes token ids of a text: a model's `tokenizer`. */
export interface TextEncoder {
  encode(text: string): readonly number[];
}

/** Normal numbers of this deviation, of any shape. */
export function gaussian(deviation: number) {
  return (shape: readonly number[], next: Random): Tensor => {
    const size = shape.reduce((n, d) => n * d, 1);
    return tensor(normal(next, size, deviation), [...shape]);
  };
}

function config(init: string, text: string | null = null, tokenizer: string | null = null): PromptInit['config'] {
  return {
    prompt_tuning_init: init,
    prompt_tuning_init_text: text,
    tokenizer_name_or_path: tokenizer,
    tokenizer_kwargs: null,
  };
}

function rows(table: EmbeddingSite | null, ids: readonly number[]): Tensor {
  if (table === null) {
    throw new Error(
      '[peftjs/prefix-tuning] the prompt is to start as tokens, and the model has no embedding with the role "embed"; use random',
    );
  }
  const beyond = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < table.vocab));
  if (beyond !== undefined) {
    throw new Error(
      `[peftjs/prefix-tuning] the prompt is to start with token ${beyond} of a vocabulary of ${table.vocab}; use the model's own tokenizer`,
    );
  }
  return table.weight.rows(tensor1d([...ids], 'int32'));
}

/** Normal numbers of deviation 1. */
export const random: PromptInit = { config: config('RANDOM'), fill: gaussian(1) };

/**
 * The embeddings of a text's tokens, cut to the prompt's length or repeated to fill it.
 *
 * @param name where Python finds the tokenizer. PEFT asks for it where a folder says that a prompt began as text; without
 *   it the folder says that it began at random, which loads the same
 * @throws when the text has no token
 * @example
 * promptTuning({ tokens: 8, init: fromText('Summarize this letter: ', model.tokenizer) });
 */
export function fromText(text: string, tokenizer: TextEncoder, name?: string): PromptInit {
  const ids = tokenizer.encode(text);
  if (ids.length === 0)
    throw new Error(`[peftjs/prefix-tuning] the text "${text}" has no tokens; give at least a word`);
  return {
    config: name === undefined ? random.config : config('TEXT', text, name),
    fill: ([length], _, table) =>
      rows(
        table,
        Array.from({ length: length as number }, (_, i) => ids[i % ids.length] as number),
      ),
  };
}

/**
 * The embeddings of tokens drawn from the whole vocabulary.
 *
 * @param options with a seed of its own; the adapter's when left out
 */
export function fromVocabulary({ seed }: { readonly seed?: number } = {}): PromptInit {
  return {
    config: config('SAMPLE_VOCAB'),
    fill([length], next, table) {
      const draw = seed === undefined ? next : stream(seed);
      return rows(
        table,
        Array.from({ length: length as number }, () => Math.floor(draw() * (table?.vocab ?? 1))),
      );
    },
  };
}
