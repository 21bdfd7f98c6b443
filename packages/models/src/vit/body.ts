// The vision transformer (Dosovitskiy et al., arXiv 2010.11929): patches as tokens behind a first one of the model's own.
// Shapes: b batch, y and x pixels, n patches, d model, h heads, f head dimension.
import { engine, layerNorm } from '@peftjs/backend';
import { type Context, createChains, type LinearSite } from '@peftjs/core';
import { add, concat, ones, reshape, type Tensor, tile } from '@tensorflow/tfjs-core';
import type { ImageBody } from '../heads/image-classifier.ts';
import { type AttentionPass, attendHeads } from '../sites/attend-heads.ts';
import { siteRunner } from '../sites/site-runner.ts';
import { runBlocks } from '../token-body.ts';
import type { VitConfig } from './config.ts';
import { vitFileName } from './file-names.ts';
import type { VitBlock, VitSites } from './sites.ts';

export function vitBody(c: VitConfig, sites: VitSites): ImageBody {
  const chains = createChains();
  const runner = siteRunner(chains, ({ x, gamma, beta }) =>
    layerNorm({ x, gamma, beta: beta as Tensor }, { eps: c.eps }),
  );
  const { linear, norm, residual, stream } = runner;
  const scale = 1 / Math.sqrt(c.headDim);

  function attend(block: VitBlock, x: Tensor, pass: AttentionPass): Tensor {
    const [b, t] = x.shape as [number, number, number];
    const heads = (site: LinearSite) => reshape(linear(site, x, pass.ctx), [b, t, c.heads, c.headDim]);
    const qkv = { q: heads(block.q), k: heads(block.k), v: heads(block.v) };
    return linear(block.o, attendHeads(runner, block.attention, qkv, pass, { causal: false, scale }), pass.ctx);
  }

  function feed(block: VitBlock, x: Tensor, ctx: Context): Tensor {
    return linear(block.down, c.activation(linear(block.up, x, ctx)), ctx);
  }

  function runBlock(block: VitBlock, x: Tensor, pass: AttentionPass): Tensor {
    const { ctx } = pass;
    const attended = engine().tidy(() =>
      residual(block.attentionBranch, (n) => attend(block, norm(block.attentionNorm, n, ctx), pass), x, ctx),
    );
    return engine().tidy(() => {
      const after = residual(block.mlpBranch, (n) => feed(block, norm(block.mlpNorm, n, ctx), ctx), attended, ctx);
      return stream(block.stream, after, ctx);
    });
  }

  return {
    chains,
    runner,
    sites: sites.all,
    loose: [sites.first, sites.positions],
    fileName: vitFileName,
    dim: c.dim,
    size: [...c.image, c.channels],
    run(pixels, ctx, recompute) {
      const b = pixels.shape[0] as number;
      const patches = reshape(runner.conv(sites.patches, pixels, ctx), [b, c.patches, c.dim]);
      const first = tile(reshape(sites.first.held, [1, 1, c.dim]), [b, 1, 1]);
      const start = add(concat([first, patches], 1), reshape(sites.positions.held, [1, 1 + c.patches, c.dim]));
      const mask = ones([b, 1 + c.patches]);
      const x = runBlocks(sites.blocks, start, { past: null, recompute }, [mask], (block, y, [m]) =>
        runBlock(block, y, { mask: m as Tensor, ctx }),
      );
      return norm(sites.norm, x, ctx);
    },
  };
}
