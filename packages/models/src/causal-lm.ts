// A causal language model: a host that predicts the next token.
import type { Context, Host, Tokens, Trainable } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TextTokenizer } from './text-tokenizer.ts';

/** Token ids side by side, as `@peftjs/data` makes them. */
export interface TokenBatch {
  /** [b, t] */
  readonly inputIds: Int32Array;
  /** [b, t], 1 for a token and 0 for padding. */
  readonly attentionMask: Int32Array;
  /** [b, t], not shifted; -100 where a token does not count. */
  readonly labels?: Int32Array;
  /** [b], the task of each row, for methods that tell tasks apart. */
  readonly tasks?: Int32Array;
  readonly shape: readonly [b: number, t: number];
}

/** Keys and values of the positions so far, [b, s, g, f] a block, their mask [b, s], the padding in front of each row, and the tokens. */
export interface KeyValueCache {
  readonly blocks: readonly { readonly k: Tensor; readonly v: Tensor }[];
  readonly mask: Tensor;
  readonly padding: readonly number[];
  readonly tokens: Tokens;
  /** Positions taken by prefixes. */
  readonly ahead: number;
}

export interface CausalLM extends Host {
  /** The model's `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Null where the model came without one. */
  readonly tokenizer: TextTokenizer | null;
  /** The most tokens it was made for. */
  readonly contextLength: number;
  /** Runs each block again in the backward pass instead of keeping its activations. */
  recompute: boolean;
  /** Logits [b, t, v]; prompt methods put theirs in front. */
  logits(batch: TokenBatch, ctx?: Context): Tensor;
  /** Sum of the cross-entropies of the tokens that count, a scalar. */
  loss(batch: TokenBatch, ctx?: Context): Tensor;
  /** Targets and tokens of a batch: labels that count are all but the first of a row, which nothing predicts, and -100. */
  count(batch: TokenBatch): { readonly targets: number; readonly tokens: number };
  /** Logits of the last position, [b, v], and the cache with the batch's tokens added. The old cache stays. */
  step(
    batch: TokenBatch,
    cache: KeyValueCache | null,
    ctx?: Context,
  ): { readonly logits: Tensor; readonly cache: KeyValueCache };
  /** Everything in it that can be trained, for training it whole. */
  parameters(): Trainable;
  dispose(): void;
}

/** A forward pass outside training. */
export const INFERENCE: Context = { training: false, seed: 0 };
