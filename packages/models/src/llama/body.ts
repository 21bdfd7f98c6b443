// The blocks of the Llama family (Touvron et al., arXiv 2302.13971). Shapes: b batch, t time, s keys, d model, h query
// heads, g key heads, f head dimension.
import { engine, rmsNorm, rope, swiglu } from '@peftjs/backend';
import { type Context, createChains, type LinearSite } from '@peftjs/core';
import { gather, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { attendHeads } from '../sites/attend-heads.ts';
import { siteRunner } from '../sites/site-runner.ts';
import { type BodyPass, type KeysAndValues, runBlocks, type TokenBody } from '../token-body.ts';
import type { LlamaConfig } from './config.ts';
import { rotaryTables } from './rotary-tables.ts';
import type { LlamaBlock, LlamaSites } from './sites.ts';

/** What every block of one pass shares. */
interface Pass {
  readonly mask: Tensor;
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly ctx: Context;
  readonly keep: BodyPass['keep'];
}

export function llamaBody(c: LlamaConfig, sites: LlamaSites): TokenBody {
  const chains = createChains();
  const runner = siteRunner(chains, ({ x, gamma }) => rmsNorm({ x, gamma }, { eps: c.eps }));
  const { linear, norm, residual, stream } = runner;
  const tables = rotaryTables(c.frequencies, c.contextLength);
  const scale = 1 / Math.sqrt(c.headDim);

  function attend(block: LlamaBlock, x: Tensor, past: KeysAndValues | null, pass: Pass): Tensor {
    const { mask, cos, sin, ctx, keep } = pass;
    const [b, t] = x.shape as [number, number, number];
    const heads = (site: LinearSite, n: number) => reshape(linear(site, x, ctx), [b, t, n, c.headDim]);
    const q = rope({ x: heads(block.q, c.heads), cos, sin }, {});
    const k = rope({ x: heads(block.k, c.kvHeads), cos, sin }, {});
    const v = heads(block.v, c.kvHeads);
    const y = attendHeads(runner, block.attention, { q, k, v }, { mask, ctx, past, keep }, { causal: true, scale });
    return linear(block.o, y, ctx);
  }

  function feed(block: LlamaBlock, x: Tensor, ctx: Context): Tensor {
    return linear(block.down, swiglu({ gate: linear(block.gate, x, ctx), up: linear(block.up, x, ctx) }, {}), ctx);
  }

  function runBlock(block: LlamaBlock, x: Tensor, past: KeysAndValues | null, pass: Pass): Tensor {
    const { ctx } = pass;
    const attended = engine().tidy(() =>
      residual(block.attentionBranch, (n) => attend(block, norm(block.attentionNorm, n, ctx), past, pass), x, ctx),
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
    tables: [tables.cos, tables.sin],
    sequence: sites.sequence,
    dim: c.dim,
    contextLength: c.contextLength,
    embed: (ids, ctx) => runner.embedding(sites.embedding, ids, ctx),
    run(pass) {
      const { sequence, ctx, keep } = pass;
      const { mask, positions } = sequence;
      const constants = [mask, gather(tables.cos, positions), gather(tables.sin, positions)];
      const x = runBlocks(sites.blocks, sequence.embeds, pass, constants, (block, y, shared, past) => {
        const [m, cos, sin] = shared as [Tensor, Tensor, Tensor];
        return runBlock(block, y, past, { mask: m, cos, sin, ctx, keep });
      });
      return norm(sites.norm, x, ctx);
    },
  };
}
