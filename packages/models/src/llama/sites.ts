// The sites of a Llama under their Hugging Face names, with their roles as data.
import type {
  AttentionSite,
  EmbeddingSite,
  LinearSite,
  NormSite,
  ResidualSite,
  SequenceSite,
  Site,
  StreamSite,
} from '@peftjs/core';
import type { Source } from '../source.ts';
import type { LlamaConfig } from './config.ts';

export interface LlamaBlock {
  readonly attentionNorm: NormSite;
  readonly q: LinearSite;
  readonly k: LinearSite;
  readonly v: LinearSite;
  readonly o: LinearSite;
  readonly attention: AttentionSite;
  readonly attentionBranch: ResidualSite;
  readonly mlpNorm: NormSite;
  readonly gate: LinearSite;
  readonly up: LinearSite;
  readonly down: LinearSite;
  readonly mlpBranch: ResidualSite;
  readonly stream: StreamSite;
}

export interface LlamaSites {
  readonly sequence: SequenceSite;
  readonly embedding: EmbeddingSite;
  readonly blocks: readonly LlamaBlock[];
  readonly norm: NormSite;
  readonly head: LinearSite;
  readonly all: readonly Site[];
}

/** Makes every site, taking the weights from `source` one after the other. */
export async function llamaSites(c: LlamaConfig, source: Source): Promise<LlamaSites> {
  const norm = async (path: string, role: string): Promise<NormSite> => ({
    kind: 'norm',
    path,
    role,
    dim: c.dim,
    gamma: await source.vector(`${path}.weight`, c.dim),
    beta: null,
  });
  const linear = async (
    path: string,
    role: string,
    outDim: number,
    inDim: number,
    bias: boolean,
  ): Promise<LinearSite> => ({
    kind: 'linear',
    path,
    role,
    inDim,
    outDim,
    weight: await source.matrix(`${path}.weight`, outDim, inDim),
    bias: bias ? await source.vector(`${path}.bias`, outDim) : null,
  });
  const block = async (p: string): Promise<LlamaBlock> => {
    const a = `${p}.self_attn`;
    const m = `${p}.mlp`;
    const [wide, narrow] = [c.heads * c.headDim, c.kvHeads * c.headDim];
    return {
      attentionNorm: await norm(`${p}.input_layernorm`, 'attn.norm'),
      q: await linear(`${a}.q_proj`, 'attn.q', wide, c.dim, c.attentionBias),
      k: await linear(`${a}.k_proj`, 'attn.k', narrow, c.dim, c.attentionBias),
      v: await linear(`${a}.v_proj`, 'attn.v', narrow, c.dim, c.attentionBias),
      o: await linear(`${a}.o_proj`, 'attn.o', c.dim, wide, c.attentionBias),
      attention: { kind: 'attention', path: a, role: 'attn', heads: c.heads, kvHeads: c.kvHeads, headDim: c.headDim },
      attentionBranch: { kind: 'residual', path: a, role: 'attn', dim: c.dim },
      mlpNorm: await norm(`${p}.post_attention_layernorm`, 'mlp.norm'),
      gate: await linear(`${m}.gate_proj`, 'mlp.gate', c.hidden, c.dim, c.mlpBias),
      up: await linear(`${m}.up_proj`, 'mlp.up', c.hidden, c.dim, c.mlpBias),
      down: await linear(`${m}.down_proj`, 'mlp.down', c.dim, c.hidden, c.mlpBias),
      mlpBranch: { kind: 'residual', path: m, role: 'mlp', dim: c.dim },
      stream: { kind: 'stream', path: p, role: 'block', dim: c.dim },
    };
  };
  const table = await source.matrix('model.embed_tokens.weight', c.vocab, c.dim);
  const sequence: SequenceSite = { kind: 'sequence', path: 'model', role: 'sequence', dim: c.dim };
  const embedding: EmbeddingSite = {
    kind: 'embedding',
    path: 'model.embed_tokens',
    role: 'embed',
    vocab: c.vocab,
    dim: c.dim,
    weight: table,
  };
  const blocks: LlamaBlock[] = [];
  for (let i = 0; i < c.layers; i++) blocks.push(await block(`model.layers.${i}`));
  const last = await norm('model.norm', 'norm');
  const head: LinearSite = c.tied
    ? { kind: 'linear', path: 'lm_head', role: 'head', inDim: c.dim, outDim: c.vocab, weight: table, bias: null }
    : await linear('lm_head', 'head', c.vocab, c.dim, false);
  return {
    sequence,
    embedding,
    blocks,
    norm: last,
    head,
    all: [sequence, embedding, ...blocks.flatMap((b) => Object.values(b) as Site[]), last, head],
  };
}
