// How a host that reads tokens starts a pass: the batch becomes embeddings with their mask and positions, and goes through
// the chain of the model's `sequence` site, where prompts lengthen it.
import { type Chains, type Context, checkRoutes, type Host, type Sequence, type SequenceSite } from '@peftjs/core';
import { concat, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import type { KeyValueCache, TokenBatch } from './causal-lm.ts';
import { paddingOf, positionsOf } from './positions.ts';
import { tokensOf } from './tokens-of.ts';

export interface SequenceParts {
  readonly host: Host;
  readonly chains: Chains;
  readonly site: SequenceSite;
  /** Embeds ids [b, t]. */
  readonly embed: (ids: Tensor, ctx: Context) => Tensor;
  readonly contextLength: number;
}

/** A pass that has begun. */
export interface Opening {
  readonly sequence: Sequence;
  /** The caller's context, with the tokens. */
  readonly ctx: Context;
}

/**
 * @param cache what the batch follows, or null
 * @throws when routes do not fit the batch or the model, or it holds more than the model's context
 */
export function openSequence(
  { host, chains, site, embed, contextLength }: SequenceParts,
  batch: TokenBatch,
  cache: KeyValueCache | null,
  outer: Context,
): Opening {
  const [b, t] = batch.shape;
  if (outer.routes) checkRoutes(host, outer.routes, b);
  const past = cache === null ? 0 : (cache.mask.shape[1] as number);
  assertFits(past + t, past + t, contextLength);
  const ctx: Context = { ...outer, tokens: tokensOf(batch, cache?.tokens) };
  const padding = cache?.padding ?? paddingOf(batch);
  const fresh = tensor2d(Float32Array.from(batch.attentionMask), [b, t]);
  const start: Sequence = {
    embeds: embed(tensor2d(batch.inputIds, [b, t], 'int32'), ctx),
    mask: cache === null ? fresh : concat([cache.mask, fresh], 1),
    positions: tensor2d(positionsOf(batch, past, padding), [b, t], 'int32'),
    past,
    padding,
    ahead: 0,
    ...(batch.labels && batch.labels.length === b * t && { labels: tensor2d(batch.labels, [b, t], 'int32') }),
  };
  const sequence = chains.run<'sequence'>(site, (s) => s, start, ctx);
  assertFits((sequence.mask.shape[1] as number) + sequence.ahead, past + t, contextLength);
  return { sequence, ctx };
}

function assertFits(positions: number, tokens: number, contextLength: number): void {
  if (positions <= contextLength) return;
  const virtual = positions > tokens ? ` and ${positions - tokens} virtual ones` : '';
  throw new Error(
    `[peftjs/models] ${tokens} tokens${virtual} are more than the model's context of ${contextLength}; shorten the text, or split it`,
  );
}
