// The blocks of BERT (Devlin et al., arXiv 1810.04805): each half is normalized after it is added. Shapes: b batch, t time,
// d model, h heads, f head dimension.
import { engine, layerNorm } from '@peftjs/backend';
import { type Context, createChains, type LinearSite } from '@peftjs/core';
import { add, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type AttentionPass, attendHeads } from '../sites/attend-heads.ts';
import { siteRunner } from '../sites/site-runner.ts';
import { runBlocks, type TokenBody } from '../token-body.ts';
import type { BertConfig } from './config.ts';
import type { BertBlock, BertSites } from './sites.ts';

export function bertBody(c: BertConfig, sites: BertSites): TokenBody {
  const chains = createChains();
  const runner = siteRunner(chains, ({ x, gamma, beta }) =>
    layerNorm({ x, gamma, beta: beta as Tensor }, { eps: c.eps }),
  );
  const { linear, norm, residual, stream } = runner;
  const scale = 1 / Math.sqrt(c.headDim);

  function attend(block: BertBlock, x: Tensor, pass: AttentionPass): Tensor {
    const [b, t] = x.shape as [number, number, number];
    const heads = (site: LinearSite) => reshape(linear(site, x, pass.ctx), [b, t, c.heads, c.headDim]);
    const qkv = { q: heads(block.q), k: heads(block.k), v: heads(block.v) };
    return linear(block.o, attendHeads(runner, block.attention, qkv, pass, { causal: false, scale }), pass.ctx);
  }

  function feed(block: BertBlock, x: Tensor, ctx: Context): Tensor {
    return linear(block.down, c.activation(linear(block.up, x, ctx)), ctx);
  }

  function runBlock(block: BertBlock, x: Tensor, pass: AttentionPass): Tensor {
    const { ctx } = pass;
    const attended = engine().tidy(() => {
      const sum = residual(block.attentionBranch, (y) => attend(block, y, pass), x, ctx);
      return norm(block.attentionNorm, sum, ctx);
    });
    return engine().tidy(() => {
      const sum = residual(block.mlpBranch, (y) => feed(block, y, ctx), attended, ctx);
      return stream(block.stream, norm(block.mlpNorm, sum, ctx), ctx);
    });
  }

  return {
    chains,
    runner,
    sites: sites.all,
    sequence: sites.sequence,
    segmented: true,
    dim: c.dim,
    contextLength: c.contextLength,
    embed: (ids, ctx) => runner.embedding(sites.embedding, ids, ctx),
    run(pass) {
      const { sequence, ctx } = pass;
      const segments = runner.embedding(sites.segments, sequence.segments as Tensor, ctx);
      const positions = runner.embedding(sites.positions, sequence.positions, ctx);
      const start = norm(sites.norm, add(add(sequence.embeds, segments), positions), ctx);
      return runBlocks(sites.blocks, start, pass, [sequence.mask], (block, y, [mask]) =>
        runBlock(block, y, { mask: mask as Tensor, ctx }),
      );
    },
  };
}
