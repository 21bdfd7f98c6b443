// The sites of a ViT under their Hugging Face names, with their roles as data.
import type { AttentionSite, ConvSite, LinearSite, NormSite, ResidualSite, Site, StreamSite } from '@peftjs/core';
import { conv2d, type Tensor4D } from '@tensorflow/tfjs-core';
import type { SiteReader } from '../sites/site-reader.ts';
import type { LooseTensor } from '../sites/stored-tensors.ts';
import type { VitConfig } from './config.ts';

export interface VitBlock {
  readonly attentionNorm: NormSite;
  readonly q: LinearSite;
  readonly k: LinearSite;
  readonly v: LinearSite;
  readonly o: LinearSite;
  readonly attention: AttentionSite;
  readonly attentionBranch: ResidualSite;
  readonly mlpNorm: NormSite;
  readonly up: LinearSite;
  readonly down: LinearSite;
  readonly mlpBranch: ResidualSite;
  readonly stream: StreamSite;
}

export interface VitSites {
  readonly patches: ConvSite;
  readonly blocks: readonly VitBlock[];
  readonly norm: NormSite;
  readonly all: readonly Site[];
  /** In front of the patches, [1, 1, d]. */
  readonly first: LooseTensor;
  /** [1, 1 + patches, d] */
  readonly positions: LooseTensor;
}

/** Makes every site but the head, taking the weights one after the other. */
export async function vitSites(c: VitConfig, { linear, norm, conv, loose }: SiteReader): Promise<VitSites> {
  const block = async (p: string): Promise<VitBlock> => {
    const [a, m] = [`${p}.attention`, `${p}.mlp`];
    const bias = c.qkvBias;
    return {
      attentionNorm: await norm(`${p}.layernorm_before`, 'attn.norm', c.dim),
      q: await linear(`${a}.q_proj`, 'attn.q', c.dim, c.dim, { bias }),
      k: await linear(`${a}.k_proj`, 'attn.k', c.dim, c.dim, { bias }),
      v: await linear(`${a}.v_proj`, 'attn.v', c.dim, c.dim, { bias }),
      o: await linear(`${a}.o_proj`, 'attn.o', c.dim, c.dim),
      attention: { kind: 'attention', path: a, role: 'attn', heads: c.heads, kvHeads: c.heads, headDim: c.headDim },
      attentionBranch: { kind: 'residual', path: a, role: 'attn', dim: c.dim },
      mlpNorm: await norm(`${p}.layernorm_after`, 'mlp.norm', c.dim),
      up: await linear(`${m}.fc1`, 'mlp.up', c.hidden, c.dim),
      down: await linear(`${m}.fc2`, 'mlp.down', c.dim, c.hidden),
      mlpBranch: { kind: 'residual', path: m, role: 'mlp', dim: c.dim },
      stream: { kind: 'stream', path: p, role: 'block', dim: c.dim },
    };
  };
  const patches = await conv(
    'vit.embeddings.patch_embeddings.projection',
    'embed',
    [c.dim, c.channels, ...c.patch],
    (x, filters) => conv2d(x as Tensor4D, filters as Tensor4D, [...c.patch], 'valid'),
  );
  const first = await loose('vit.embeddings.cls_token', [1, 1, c.dim]);
  const positions = await loose('vit.embeddings.position_embeddings', [1, 1 + c.patches, c.dim]);
  const blocks: VitBlock[] = [];
  for (let i = 0; i < c.layers; i++) blocks.push(await block(`vit.layers.${i}`));
  const last = await norm('vit.layernorm', 'norm', c.dim);
  const all = [patches, ...blocks.flatMap((b) => Object.values(b) as Site[]), last];
  return { patches, blocks, norm: last, all, first, positions };
}
