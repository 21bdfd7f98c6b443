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
import type { SiteReader } from '../sites/site-reader.ts';
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
  readonly all: readonly Site[];
}

/** Makes every site but the head, taking the weights one after the other. */
export async function llamaSites(c: LlamaConfig, { linear, norm, embedding }: SiteReader): Promise<LlamaSites> {
  const gain = (path: string, role: string) => norm(path, role, c.dim, { beta: false });
  const block = async (p: string): Promise<LlamaBlock> => {
    const a = `${p}.self_attn`;
    const m = `${p}.mlp`;
    const [wide, narrow] = [c.heads * c.headDim, c.kvHeads * c.headDim];
    const [ofAttention, ofMlp] = [{ bias: c.attentionBias }, { bias: c.mlpBias }];
    return {
      attentionNorm: await gain(`${p}.input_layernorm`, 'attn.norm'),
      q: await linear(`${a}.q_proj`, 'attn.q', wide, c.dim, ofAttention),
      k: await linear(`${a}.k_proj`, 'attn.k', narrow, c.dim, ofAttention),
      v: await linear(`${a}.v_proj`, 'attn.v', narrow, c.dim, ofAttention),
      o: await linear(`${a}.o_proj`, 'attn.o', c.dim, wide, ofAttention),
      attention: { kind: 'attention', path: a, role: 'attn', heads: c.heads, kvHeads: c.kvHeads, headDim: c.headDim },
      attentionBranch: { kind: 'residual', path: a, role: 'attn', dim: c.dim },
      mlpNorm: await gain(`${p}.post_attention_layernorm`, 'mlp.norm'),
      gate: await linear(`${m}.gate_proj`, 'mlp.gate', c.hidden, c.dim, ofMlp),
      up: await linear(`${m}.up_proj`, 'mlp.up', c.hidden, c.dim, ofMlp),
      down: await linear(`${m}.down_proj`, 'mlp.down', c.dim, c.hidden, ofMlp),
      mlpBranch: { kind: 'residual', path: m, role: 'mlp', dim: c.dim },
      stream: { kind: 'stream', path: p, role: 'block', dim: c.dim },
    };
  };
  const embed = await embedding('model.embed_tokens', 'embed', c.vocab, c.dim);
  const sequence: SequenceSite = {
    kind: 'sequence',
    path: 'model',
    role: 'sequence',
    dim: c.dim,
    context: c.contextLength,
  };
  const blocks: LlamaBlock[] = [];
  for (let i = 0; i < c.layers; i++) blocks.push(await block(`model.layers.${i}`));
  const last = await gain('model.norm', 'norm');
  return {
    sequence,
    embedding: embed,
    blocks,
    norm: last,
    all: [sequence, embed, ...blocks.flatMap((b) => Object.values(b) as Site[]), last],
  };
}
