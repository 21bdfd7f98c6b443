// The sites of a GPT-2 under their Hugging Face names, with their roles as data.
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
import type { Gpt2Config } from './config.ts';

export interface Gpt2Block {
  readonly attentionNorm: NormSite;
  /** Queries, keys and values side by side. */
  readonly qkv: LinearSite;
  readonly o: LinearSite;
  readonly attention: AttentionSite;
  readonly attentionBranch: ResidualSite;
  readonly mlpNorm: NormSite;
  readonly up: LinearSite;
  readonly down: LinearSite;
  readonly mlpBranch: ResidualSite;
  readonly stream: StreamSite;
}

export interface Gpt2Sites {
  readonly sequence: SequenceSite;
  readonly embedding: EmbeddingSite;
  readonly positions: EmbeddingSite;
  readonly blocks: readonly Gpt2Block[];
  readonly norm: NormSite;
  readonly all: readonly Site[];
}

/** Makes every site but the head, taking the weights one after the other. */
export async function gpt2Sites(c: Gpt2Config, { linear, norm, embedding }: SiteReader): Promise<Gpt2Sites> {
  // Its linear layers are Conv1D: the files have [i, o].
  const conv1d = (path: string, role: string, outDim: number, inDim: number) =>
    linear(path, role, outDim, inDim, { transposed: true });
  const block = async (p: string): Promise<Gpt2Block> => {
    const [a, m] = [`${p}.attn`, `${p}.mlp`];
    return {
      attentionNorm: await norm(`${p}.ln_1`, 'attn.norm', c.dim),
      qkv: await conv1d(`${a}.c_attn`, 'attn.q attn.k attn.v', 3 * c.dim, c.dim),
      o: await conv1d(`${a}.c_proj`, 'attn.o', c.dim, c.dim),
      attention: { kind: 'attention', path: a, role: 'attn', heads: c.heads, kvHeads: c.heads, headDim: c.headDim },
      attentionBranch: { kind: 'residual', path: a, role: 'attn', dim: c.dim },
      mlpNorm: await norm(`${p}.ln_2`, 'mlp.norm', c.dim),
      up: await conv1d(`${m}.c_fc`, 'mlp.up', c.hidden, c.dim),
      down: await conv1d(`${m}.c_proj`, 'mlp.down', c.dim, c.hidden),
      mlpBranch: { kind: 'residual', path: m, role: 'mlp', dim: c.dim },
      stream: { kind: 'stream', path: p, role: 'block', dim: c.dim },
    };
  };
  const sequence: SequenceSite = {
    kind: 'sequence',
    path: 'transformer',
    role: 'sequence',
    dim: c.dim,
    context: c.contextLength,
  };
  const embed = await embedding('transformer.wte', 'embed', c.vocab, c.dim);
  const positions = await embedding('transformer.wpe', 'position', c.contextLength, c.dim);
  const blocks: Gpt2Block[] = [];
  for (let i = 0; i < c.layers; i++) blocks.push(await block(`transformer.h.${i}`));
  const last = await norm('transformer.ln_f', 'norm', c.dim);
  return {
    sequence,
    embedding: embed,
    positions,
    blocks,
    norm: last,
    all: [sequence, embed, positions, ...blocks.flatMap((b) => Object.values(b) as Site[]), last],
  };
}
