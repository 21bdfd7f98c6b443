// Runs sites through the chains of their host: what every architecture here is written in.
import { type AttentionAttrs, attention } from '@peftjs/backend';
import type {
  AttentionInput,
  AttentionSite,
  Chains,
  Context,
  ConvSite,
  EmbeddingSite,
  LinearSite,
  NormInput,
  NormSite,
  ResidualSite,
  StreamSite,
} from '@peftjs/core';
import { add, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';

export interface SiteRunner {
  /** [..., i] to [..., o] */
  linear(site: LinearSite, x: Tensor, ctx: Context): Tensor;
  /** [..., d] to [..., d] */
  norm(site: NormSite, x: Tensor, ctx: Context): Tensor;
  /** ids to [..., d] */
  embedding(site: EmbeddingSite, ids: Tensor, ctx: Context): Tensor;
  /** [b, y, x, i] to [b, y', x', o] */
  conv(site: ConvSite, x: Tensor, ctx: Context): Tensor;
  /** [b, t, h, f] */
  attention(site: AttentionSite, input: AttentionInput, attrs: AttentionAttrs, ctx: Context): Tensor;
  /** x + branch(x), [b, t, d] */
  residual(site: ResidualSite, branch: (x: Tensor) => Tensor, x: Tensor, ctx: Context): Tensor;
  /** [b, t, d] */
  stream(site: StreamSite, x: Tensor, ctx: Context): Tensor;
}

export function siteRunner(chains: Chains, normalize: (input: NormInput) => Tensor): SiteRunner {
  return {
    linear(site, x, ctx) {
      const run = (input: Tensor) => {
        const y = site.weight.matMul(input);
        return site.bias === null ? y : add(y, site.bias);
      };
      return chains.run<'linear'>(site, run, x, ctx);
    },
    norm: (site, x, ctx) => chains.run<'norm'>(site, normalize, { x, gamma: site.gamma, beta: site.beta }, ctx),
    embedding: (site, ids, ctx) => chains.run<'embedding'>(site, (i) => site.weight.rows(i), ids, ctx),
    conv(site, x, ctx) {
      const { inDim, outDim, kernel, convolve } = site;
      const run = (input: Tensor) => {
        const filters = transpose(reshape(site.weight.read(), [outDim, inDim, ...kernel]), [2, 3, 1, 0]);
        const y = convolve(input, filters);
        return site.bias === null ? y : add(y, site.bias);
      };
      return chains.run<'conv'>(site, run, x, ctx);
    },
    attention: (site, input, attrs, ctx) =>
      chains.run<'attention'>(site, (a) => attention({ ...a }, attrs), input, ctx),
    residual: (site, branch, x, ctx) => add(x, chains.run<'residual'>(site, branch, x, ctx)),
    stream: (site, x, ctx) => chains.run<'stream'>(site, (y) => y, x, ctx),
  };
}
