// The part of a model that reads tokens, from embeddings to the hidden states that a head takes.
import { recompute } from '@peftjs/backend';
import type { Context, Host, Sequence, SequenceSite } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from './heads/causal-lm.ts';
import type { Body, Model } from './model.ts';
import { openSequence } from './tokens/open-sequence.ts';
import type { TokenInput } from './tokens/token-input.ts';

/** Of one block, [b, s, g, f] each. */
export interface KeysAndValues {
  readonly k: Tensor;
  readonly v: Tensor;
}

/** A pass through the blocks. */
export interface BodyPass {
  readonly sequence: Sequence;
  readonly ctx: Context;
  /** Each block's keys and values of earlier passes; null where there are none. */
  readonly past: readonly KeysAndValues[] | null;
  /** Called by each block with all its keys and values. */
  readonly keep?: ((kv: KeysAndValues) => void) | undefined;
  readonly recompute: boolean;
}

export interface TokenBody extends Body {
  readonly sequence: SequenceSite;
  /** Whether its tokens belong to segments. */
  readonly segmented?: boolean;
  readonly dim: number;
  readonly contextLength: number;
  /** Embeds ids [b, t]. */
  embed(ids: Tensor, ctx: Context): Tensor;
  /** Hidden states [b, t, d]. */
  run(pass: BodyPass): Tensor;
}

/** What a pass may be given besides the batch. */
export interface PassOptions {
  /** [b, t] */
  readonly labels?: Int32Array | undefined;
  readonly cache?: KeyValueCache | null;
  readonly keep?: BodyPass['keep'];
}

/** Hidden states [b, t, d] of a batch, and the sequence that they belong to. */
export function runBody(
  body: TokenBody,
  model: Host & Pick<Model, 'recompute'>,
  batch: TokenInput,
  outer: Context,
  { labels, cache = null, keep }: PassOptions = {},
): { readonly x: Tensor; readonly sequence: Sequence; readonly ctx: Context } {
  const { sequence, ctx } = openSequence(body, model, batch, labels, cache, outer);
  const x = body.run({ sequence, ctx, past: cache?.blocks ?? null, keep, recompute: model.recompute });
  return { x, sequence, ctx };
}

/**
 * One block after the other, each run again in the backward pass where that is asked for.
 *
 * @param constants what blocks read besides x, where no gradient goes
 */
export function runBlocks<B>(
  blocks: readonly B[],
  x: Tensor,
  { past, keep, recompute: again }: Pick<BodyPass, 'past' | 'keep' | 'recompute'>,
  constants: readonly Tensor[],
  run: (block: B, x: Tensor, constants: readonly Tensor[], past: KeysAndValues | null) => Tensor,
): Tensor {
  return blocks.reduce(
    (y, block, i) =>
      again && past === null && keep === undefined
        ? recompute((input, ...rest) => run(block, input, rest, null), y, ...constants)
        : run(block, y, constants, past?.[i] ?? null),
    x,
  );
}
