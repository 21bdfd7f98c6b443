// How a host that reads tokens starts a pass: the batch becomes embeddings with their mask and positions, and goes through
// the chain of the model's `sequence` site, where prompts lengthen it.
import { activeRoute, type Context, checkRoutes, type Host, type Sequence } from '@peftjs/core';
import { concat, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import type { KeyValueCache } from '../heads/causal-lm.ts';
import type { TokenBody } from '../token-body.ts';
import { checkCache } from './check-cache.ts';
import { paddingOf, positionsOf } from './positions.ts';
import type { TokenInput } from './token-input.ts';
import { tokensOf } from './tokens-of.ts';

/** A pass that has begun. */
export interface Opening {
  readonly sequence: Sequence;
  /** The caller's context, with the tokens. */
  readonly ctx: Context;
}

/**
 * @param labels of each token, [b, t]
 * @param cache what the batch follows, or null
 * @throws when routes do not fit the batch, the model or the cache, or it holds more than the model's context
 */
export function openSequence(
  { chains, sequence: site, segmented, embed, contextLength }: TokenBody,
  host: Host,
  batch: TokenInput,
  labels: Int32Array | undefined,
  cache: KeyValueCache | null,
  outer: Context,
): Opening {
  const [b, t] = batch.shape;
  if (outer.routes) checkRoutes(host, outer.routes, b);
  if (cache) checkCache(cache.routes, outer.routes ?? activeRoute(host), b);
  const past = cache === null ? 0 : (cache.mask.shape[1] as number);
  assertFits(past + t, past + t, contextLength);
  const ctx: Context = { ...outer, tokens: tokensOf(batch, cache?.tokens) };
  const padding = cache?.padding ?? paddingOf(batch);
  const ids = (values: Int32Array): Tensor => tensor2d(values, [b, t], 'int32');
  const fresh = tensor2d(Float32Array.from(batch.attentionMask), [b, t]);
  const start: Sequence = {
    embeds: embed(ids(batch.inputIds), ctx),
    mask: cache === null ? fresh : concat([cache.mask, fresh], 1),
    positions: ids(positionsOf(batch, past, padding)),
    past,
    padding,
    ahead: 0,
    ...(labels && { labels: ids(labels) }),
    ...(segmented && { segments: ids(batch.tokenTypeIds ?? new Int32Array(b * t)) }),
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
