// The sites of a BERT under their Hugging Face names, with their roles as data.
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
import type { BertConfig } from './config.ts';

export interface BertBlock {
  readonly q: LinearSite;
  readonly k: LinearSite;
  readonly v: LinearSite;
  readonly attention: AttentionSite;
  readonly o: LinearSite;
  readonly attentionBranch: ResidualSite;
  readonly attentionNorm: NormSite;
  readonly up: LinearSite;
  readonly down: LinearSite;
  readonly mlpBranch: ResidualSite;
  readonly mlpNorm: NormSite;
  readonly stream: StreamSite;
}

export interface BertSites {
  readonly sequence: SequenceSite;
  readonly embedding: EmbeddingSite;
  readonly positions: EmbeddingSite;
  readonly segments: EmbeddingSite;
  readonly norm: NormSite;
  readonly blocks: readonly BertBlock[];
  readonly all: readonly Site[];
}

/**
 * Makes every site but the heads', taking the weights one after the other.
 *
 * @param prefix `bert.` below a head, nothing where the model is a BertModel itself
 */
export async function bertSites(
  c: BertConfig,
  prefix: string,
  { linear, norm, embedding }: SiteReader,
): Promise<BertSites> {
  const block = async (p: string): Promise<BertBlock> => {
    const self = `${p}.attention.self`;
    const out = `${p}.attention.output`;
    return {
      q: await linear(`${self}.query`, 'attn.q', c.dim, c.dim),
      k: await linear(`${self}.key`, 'attn.k', c.dim, c.dim),
      v: await linear(`${self}.value`, 'attn.v', c.dim, c.dim),
      attention: { kind: 'attention', path: self, role: 'attn', heads: c.heads, kvHeads: c.heads, headDim: c.headDim },
      o: await linear(`${out}.dense`, 'attn.o', c.dim, c.dim),
      attentionBranch: { kind: 'residual', path: `${out}.dense`, role: 'attn', dim: c.dim },
      attentionNorm: await norm(`${out}.LayerNorm`, 'attn.norm', c.dim),
      up: await linear(`${p}.intermediate.dense`, 'mlp.up', c.hidden, c.dim),
      down: await linear(`${p}.output.dense`, 'mlp.down', c.dim, c.hidden),
      mlpBranch: { kind: 'residual', path: `${p}.output.dense`, role: 'mlp', dim: c.dim },
      mlpNorm: await norm(`${p}.output.LayerNorm`, 'mlp.norm', c.dim),
      stream: { kind: 'stream', path: p, role: 'block', dim: c.dim },
    };
  };
  const e = `${prefix}embeddings`;
  const sequence: SequenceSite = {
    kind: 'sequence',
    path: e,
    role: 'sequence',
    dim: c.dim,
    context: c.contextLength,
  };
  const words = await embedding(`${e}.word_embeddings`, 'embed', c.vocab, c.dim);
  const positions = await embedding(`${e}.position_embeddings`, 'position', c.contextLength, c.dim);
  const segments = await embedding(`${e}.token_type_embeddings`, 'segment', c.segments, c.dim);
  const first = await norm(`${e}.LayerNorm`, 'embed.norm', c.dim);
  const blocks: BertBlock[] = [];
  for (let i = 0; i < c.layers; i++) blocks.push(await block(`${prefix}encoder.layer.${i}`));
  return {
    sequence,
    embedding: words,
    positions,
    segments,
    norm: first,
    blocks,
    all: [sequence, words, positions, segments, first, ...blocks.flatMap((b) => Object.values(b) as Site[])],
  };
}
