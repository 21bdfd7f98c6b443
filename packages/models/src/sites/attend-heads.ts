// Attention over heads: what came before is joined, all is kept for what follows, and the site's chain is run.
import type { AttentionAttrs } from '@peftjs/backend';
import type { AttentionSite, Context } from '@peftjs/core';
import { concat, reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { KeysAndValues } from '../token-body.ts';
import type { SiteRunner } from './site-runner.ts';

export interface AttentionPass {
  /** [b, s] */
  readonly mask: Tensor;
  readonly ctx: Context;
  readonly past?: KeysAndValues | null;
  readonly keep?: ((kv: KeysAndValues) => void) | undefined;
}

/**
 * @param q [b, t, h, f]; k and v [b, t, g, f]
 * @returns [b, t, h f]
 */
export function attendHeads(
  runner: SiteRunner,
  site: AttentionSite,
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  { mask, ctx, past, keep }: AttentionPass,
  attrs: AttentionAttrs,
): Tensor {
  const all = past ? { k: concat([past.k, k], 1), v: concat([past.v, v], 1) } : { k, v };
  keep?.(all);
  const y = runner.attention(site, { q, ...all, mask }, attrs, ctx);
  const [b, t, h, f] = y.shape as [number, number, number, number];
  return reshape(y, [b, t, h * f]);
}
