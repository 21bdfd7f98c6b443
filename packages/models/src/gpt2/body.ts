// The blocks of GPT-2 (Radford et al., 2019). Shapes: b batch, t time, d model, h heads, f head dimension.
import { engine, layerNorm } from '@peftjs/backend';
import { type Context, createChains } from '@peftjs/core';
import { add, reshape, split, type Tensor } from '@tensorflow/tfjs-core';
import { type AttentionPass, attendHeads } from '../sites/attend-heads.ts';
import { siteRunner } from '../sites/site-runner.ts';
import { runBlocks, type TokenBody } from '../token-body.ts';
import type { Gpt2Config } from './config.ts';
import type { Gpt2Block, Gpt2Sites } from './sites.ts';

export function gpt2Body(c: Gpt2Config, sites: Gpt2Sites): TokenBody {
  const chains = createChains();
  const runner = siteRunner(chains, ({ x, gamma, beta }) =>
    layerNorm({ x, gamma, beta: beta as Tensor }, { eps: c.eps }),
  );
  const { linear, norm, residual, stream } = runner;

  function attend(block: Gpt2Block, x: Tensor, pass: AttentionPass): Tensor {
    const [b, t] = x.shape as [number, number, number];
    const [q, k, v] = split(linear(block.qkv, x, pass.ctx), 3, 2).map((part) =>
      reshape(part, [b, t, c.heads, c.headDim]),
    ) as [Tensor, Tensor, Tensor];
    const attrs = { causal: true, scale: c.scaleOf(sites.blocks.indexOf(block)) };
    return linear(block.o, attendHeads(runner, block.attention, { q, k, v }, pass, attrs), pass.ctx);
  }

  function feed(block: Gpt2Block, x: Tensor, ctx: Context): Tensor {
    return linear(block.down, c.activation(linear(block.up, x, ctx)), ctx);
  }

  function runBlock(block: Gpt2Block, x: Tensor, pass: AttentionPass): Tensor {
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
    sequence: sites.sequence,
    dim: c.dim,
    contextLength: c.contextLength,
    embed: (ids, ctx) => runner.embedding(sites.embedding, ids, ctx),
    run(pass) {
      const { sequence, ctx, keep } = pass;
      const start = add(sequence.embeds, runner.embedding(sites.positions, sequence.positions, ctx));
      const x = runBlocks(sites.blocks, start, pass, [sequence.mask], (block, y, [mask], past) =>
        runBlock(block, y, { mask: mask as Tensor, ctx, past, keep }),
      );
      return norm(sites.norm, x, ctx);
    },
  };
}
