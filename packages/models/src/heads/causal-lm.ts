// A causal language model: a body that reads tokens, and an output that predicts the next one.
import { engine } from '@peftjs/backend';
import { activeRoute, type Context, checkRoutes, type LinearSite, type Route, type Tokens } from '@peftjs/core';
import { dispose, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { type About, type BatchCount, createModel, INFERENCE, type Model } from '../model.ts';
import { type KeysAndValues, runBody, type TokenBody } from '../token-body.ts';
import { countNextTokens } from '../tokens/count-tokens.ts';
import { nextLabels } from '../tokens/next-labels.ts';
import type { TokenBatch } from '../tokens/token-input.ts';
import { nextTokenLoss } from './next-token-loss.ts';

/** Keys and values of the positions so far, their mask [b, s], the padding in front of each row, the tokens, and what ran them. */
export interface KeyValueCache {
  readonly blocks: readonly KeysAndValues[];
  readonly mask: Tensor;
  readonly padding: readonly number[];
  readonly tokens: Tokens;
  /** Positions taken by prefixes. */
  readonly ahead: number;
  readonly routes: Route | readonly Route[];
}

export interface CausalLM extends Model {
  /** The most tokens it was made for. */
  readonly contextLength: number;
  /** Logits [b, t, v]; prompt methods put theirs in front. */
  logits(batch: TokenBatch, ctx?: Context): Tensor;
  /** Sum of the cross-entropies of the tokens that count, a scalar. */
  loss(batch: TokenBatch, ctx?: Context): Tensor;
  /** Targets and tokens of a batch: labels that count are all but -100 and the first of a row, which only a prompt predicts. */
  count(batch: TokenBatch, ctx?: Context): BatchCount;
  /**
   * Logits of the last position, [b, v], and the cache with the batch's tokens added. The old cache stays.
   *
   * @throws when other adapters are active, or routed to, than those that filled the cache
   */
  step(
    batch: TokenBatch,
    cache: KeyValueCache | null,
    ctx?: Context,
  ): { readonly logits: Tensor; readonly cache: KeyValueCache };
}

export function causalLM(body: TokenBody, head: LinearSite, about: About): CausalLM {
  const { linear } = body.runner;
  const model: CausalLM = {
    ...createModel(body, [head], 'CAUSAL_LM', about),
    contextLength: body.contextLength,
    logits: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, ctx } = runBody(body, model, batch, outer);
        return linear(head, x, ctx);
      }),
    loss: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, sequence, ctx } = runBody(body, model, batch, outer, { labels: batch.labels });
        if (sequence.labels === undefined)
          throw new Error('[peftjs/models] the batch has no labels; give them, -100 where a token does not count');
        const labels = nextLabels(sequence.labels, sequence, batch);
        return nextTokenLoss({ x, labels, vocab: head.outDim, logitsOf: (some) => linear(head, some, ctx) });
      }),
    count(batch, { routes } = INFERENCE) {
      if (routes) checkRoutes(model, routes, batch.shape[0]);
      return countNextTokens(batch, routes ?? activeRoute(model));
    },
    step(batch, cache, outer = INFERENCE) {
      const blocks: KeysAndValues[] = [];
      const keep = ({ k, v }: KeysAndValues) =>
        blocks.push({ k: engine().keep(k.clone()), v: engine().keep(v.clone()) });
      try {
        return engine().tidy(() => {
          const { x, sequence, ctx } = runBody(body, model, batch, outer, { cache, keep });
          const [b, t, d] = x.shape as [number, number, number];
          const last = reshape(slice(x, [0, t - 1, 0], [b, 1, d]), [b, d]);
          const { mask, padding, ahead } = sequence;
          const tokens = ctx.tokens as Tokens;
          const routes = outer.routes ?? activeRoute(model);
          return { logits: linear(head, last, ctx), cache: { blocks, mask, padding, ahead, tokens, routes } };
        });
      } catch (error) {
        for (const { k, v } of blocks) dispose([k, v]);
        throw error;
      }
    },
  };
  return model;
}
