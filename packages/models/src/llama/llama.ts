// The Llama family (Touvron et al., arXiv 2302.13971) as a host. Shapes: b batch, t time, s keys, d model, h query heads,
// g key heads, f head dimension, v vocabulary.
import { attention, crossEntropy, engine, IGNORED, recompute, rmsNorm, rope, rowsOf, swiglu } from '@peftjs/backend';
import {
  type BaseModel,
  type Context,
  createChains,
  type EmbeddingSite,
  type LinearSite,
  type NormSite,
  type Tokens,
  type Weight,
} from '@peftjs/core';
import { add, concat, dispose, fill, gather, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { type CausalLM, INFERENCE, type KeyValueCache, type TokenBatch } from '../causal-lm.ts';
import { countNextTokens } from '../count-tokens.ts';
import { openSequence, type SequenceParts } from '../open-sequence.ts';
import { setSiteWeight } from '../set-site-weight.ts';
import { siteParameters } from '../site-parameters.ts';
import type { TextTokenizer } from '../text-tokenizer.ts';
import type { LlamaConfig } from './config.ts';
import { rotaryTables } from './rotary-tables.ts';
import type { LlamaBlock, LlamaSites } from './sites.ts';

export interface LlamaParts {
  readonly config: LlamaConfig;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly sites: LlamaSites;
  readonly base: BaseModel;
  readonly tokenizer: TextTokenizer | null;
}

type Past = KeyValueCache['blocks'][number] | null;

/** What every block of one pass shares. */
interface Pass {
  readonly mask: Tensor;
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly ctx: Context;
}

export function createLlama({ config: c, raw, sites, base, tokenizer }: LlamaParts): CausalLM {
  const chains = createChains();
  const tables = rotaryTables(c.frequencies, c.contextLength);

  const linear = (site: LinearSite, x: Tensor, ctx: Context): Tensor => {
    const run = (input: Tensor) => {
      const y = site.weight.matMul(input);
      return site.bias === null ? y : add(y, site.bias);
    };
    return chains.run<'linear'>(site, run, x, ctx);
  };
  const norm = (site: NormSite, x: Tensor, ctx: Context): Tensor =>
    chains.run<'norm'>(
      site,
      (n) => rmsNorm({ x: n.x, gamma: n.gamma }, { eps: c.eps }),
      { x, gamma: site.gamma, beta: null },
      ctx,
    );
  const embed = (site: EmbeddingSite, ids: Tensor, ctx: Context): Tensor =>
    chains.run<'embedding'>(site, (i) => site.weight.rows(i), ids, ctx);

  function attend(
    block: LlamaBlock,
    x: Tensor,
    past: Past,
    pass: Pass,
    keep?: (kv: { k: Tensor; v: Tensor }) => void,
  ): Tensor {
    const { mask, cos, sin, ctx } = pass;
    const [b, t] = x.shape as [number, number, number];
    const heads = (site: LinearSite, n: number) => reshape(linear(site, x, ctx), [b, t, n, c.headDim]);
    const q = rope({ x: heads(block.q, c.heads), cos, sin }, {});
    let k = rope({ x: heads(block.k, c.kvHeads), cos, sin }, {});
    let v = heads(block.v, c.kvHeads);
    if (past !== null) {
      k = concat([past.k, k], 1);
      v = concat([past.v, v], 1);
    }
    keep?.({ k, v });
    const scale = 1 / Math.sqrt(c.headDim);
    const y = chains.run<'attention'>(
      block.attention,
      (a) => attention({ ...a }, { causal: true, scale }),
      { q, k, v, mask },
      ctx,
    );
    return linear(block.o, reshape(y, [b, t, c.heads * c.headDim]), ctx);
  }

  function feed(block: LlamaBlock, x: Tensor, ctx: Context): Tensor {
    return linear(block.down, swiglu({ gate: linear(block.gate, x, ctx), up: linear(block.up, x, ctx) }, {}), ctx);
  }

  function runBlock(
    block: LlamaBlock,
    x: Tensor,
    past: Past,
    pass: Pass,
    keep?: (kv: { k: Tensor; v: Tensor }) => void,
  ): Tensor {
    const { ctx } = pass;
    const attended = engine().tidy(() => {
      const branch = (n: Tensor) => attend(block, norm(block.attentionNorm, n, ctx), past, pass, keep);
      return add(x, chains.run<'residual'>(block.attentionBranch, branch, x, ctx));
    });
    return engine().tidy(() => {
      const branch = (n: Tensor) => feed(block, norm(block.mlpNorm, n, ctx), ctx);
      const after = add(attended, chains.run<'residual'>(block.mlpBranch, branch, attended, ctx));
      return chains.run<'stream'>(block.stream, (y) => y, after, ctx);
    });
  }

  const opening: SequenceParts = {
    get host() {
      return model;
    },
    chains,
    site: sites.sequence,
    embed: (ids, ctx) => embed(sites.embedding, ids, ctx),
    contextLength: c.contextLength,
  };

  /** Hidden states [b, t, d] after the last norm, and the sequence they belong to. */
  function hidden(
    batch: TokenBatch,
    cache: KeyValueCache | null,
    outer: Context,
    keep?: (kv: { k: Tensor; v: Tensor }) => void,
  ) {
    const { sequence, ctx } = openSequence(opening, batch, cache, outer);
    const { mask, positions } = sequence;
    const pass: Pass = { mask, cos: gather(tables.cos, positions), sin: gather(tables.sin, positions), ctx };
    let x = sequence.embeds;
    for (const [i, block] of sites.blocks.entries()) {
      const again = (y: Tensor, m: Tensor, cos: Tensor, sin: Tensor) =>
        runBlock(block, y, null, { mask: m, cos, sin, ctx });
      x =
        model.recompute && cache === null && keep === undefined
          ? recompute(again as never, x, mask, pass.cos, pass.sin)
          : runBlock(block, x, cache?.blocks[i] ?? null, pass, keep);
    }
    return { x: norm(sites.norm, x, ctx), sequence, ctx };
  }

  const model: CausalLM = {
    base,
    task: 'CAUSAL_LM',
    config: raw,
    tokenizer,
    contextLength: c.contextLength,
    recompute: false,
    sites: () => sites.all,
    wrap: chains.wrap,
    setWeight: setSiteWeight,
    parameters: () => siteParameters(sites.all),
    logits: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, ctx } = hidden(batch, null, outer);
        return linear(sites.head, x, ctx);
      }),
    loss: (batch, outer = INFERENCE) =>
      engine().tidy(() => {
        const { x, sequence, ctx } = hidden(batch, null, outer);
        const labels = sequence.labels;
        if (labels === undefined)
          throw new Error('[peftjs/models] the batch has no labels; give them, -100 where a token does not count');
        return crossEntropy({ logits: rowsOf(linear(sites.head, x, ctx)), labels: shifted(labels) }, {});
      }),
    count: countNextTokens,
    step(batch, cache, outer = INFERENCE) {
      const blocks: { k: Tensor; v: Tensor }[] = [];
      try {
        return engine().tidy(() => {
          const { x, sequence, ctx } = hidden(batch, cache, outer, (kv) =>
            blocks.push({ k: engine().keep(kv.k.clone()), v: engine().keep(kv.v.clone()) }),
          );
          const [b, t, d] = x.shape as [number, number, number];
          const last = reshape(slice(x, [0, t - 1, 0], [b, 1, d]), [b, d]);
          const { mask, padding, ahead } = sequence;
          const tokens = ctx.tokens as Tokens;
          return { logits: linear(sites.head, last, ctx), cache: { blocks, mask, padding, ahead, tokens } };
        });
      } catch (error) {
        for (const { k, v } of blocks) dispose([k, v]);
        throw error;
      }
    },
    dispose() {
      const held = new Set<Weight | Tensor>([tables.cos, tables.sin]);
      for (const site of sites.all) {
        if ('weight' in site) held.add(site.weight);
        if ('bias' in site && site.bias) held.add(site.bias);
        if (site.kind === 'norm') held.add(site.gamma);
      }
      for (const one of held) one.dispose();
    },
  };
  return model;
}

/** The label of each position's next token, [b t]. */
function shifted(labels: Tensor): Tensor {
  const [b, t] = labels.shape as [number, number];
  return reshape(concat([slice(labels, [0, 1], [b, t - 1]), fill([b, 1], IGNORED, 'int32')], 1), [b * t]);
}
