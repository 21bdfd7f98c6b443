// LoRA and DoRA as a part for layers that hold a weight: y = x W' + s (drop(x) A') B', with A [r, i], B [o, r] and
// s = alpha / r; rsLoRA has s = alpha / sqrt(r).
import {
  type AffineSpec,
  affinePart,
  type Method,
  type ParamSpecs,
  type Part,
  patternFor,
  type WeightSite,
} from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { normalB, zero } from './initializers.ts';
import type { LoraConfig } from './options.ts';
import { writeConfig } from './write-config.ts';

function rankOf(config: LoraConfig, path: string): number {
  return patternFor(config.rankPattern, path) ?? config.r;
}

function scaleOf(config: LoraConfig, path: string): number {
  const r = rankOf(config, path);
  return (patternFor(config.alphaPattern, path) ?? config.alpha) / (config.rslora ? Math.sqrt(r) : r);
}

function check(config: LoraConfig, site: WeightSite): string | null | undefined {
  const r = rankOf(config, site.path);
  const most = Math.min(site.weight.inDim, site.weight.outDim);
  if (r >= 1 && r <= most && r % 1 === 0) return config.init.check?.(site);
  return `rank ${r} must be whole, above 0 and at most ${most}`;
}

/** A and B, and what else is trained. */
function paramsOf(config: LoraConfig, site: WeightSite): ParamSpecs {
  const { init, bias } = config;
  const r = rankOf(config, site.path);
  if (site.kind === 'embedding') {
    return {
      a: { file: 'lora_embedding_A', shape: [r, site.vocab], init: zero },
      b: { file: 'lora_embedding_B', shape: [site.dim, r], init: normalB },
    };
  }
  const { inDim, outDim, bias: own } = site;
  const kernel = site.kind === 'conv' ? site.kernel : [];
  return {
    a: { file: 'lora_A.weight', shape: [r, inDim, ...kernel], init: init.a },
    b: { file: 'lora_B.weight', shape: [outDim, r, ...kernel.map(() => 1)], init: init.b },
    ...(bias !== 'none' && own && { bias: { file: 'base_layer.bias', shape: own.shape, init: () => own } }),
  };
}

type Kind = WeightSite['kind'];

/** What a method on top of LoRA makes of it at a site. */
export type Variant = <K extends Kind>(part: AffineSpec<K>) => AffineSpec<K>;

function partOf<K extends Kind>(config: LoraConfig, variant: Variant): Part<K> {
  return affinePart<K>(
    variant({
      check: (site) => check(config, site),
      params: (site) => paramsOf(config, site),
      start: (host, site) => config.init.start?.(host, site, rankOf(config, site.path), scaleOf(config, site.path)),
      affine({ site, params }) {
        const { a, b, bias } = params as { a: Tensor; b: Tensor; bias?: Tensor };
        return { terms: [{ a, b, scale: scaleOf(config, site.path) }], dropout: config.dropout, bias };
      },
    }),
  );
}

/** LoRA with these options, or a variant of it. */
export function makeLora(config: LoraConfig, variant: Variant): Method {
  return {
    type: 'LORA',
    targets: config,
    on: {
      linear: partOf(config, variant),
      conv: partOf(config, variant),
      embedding: { ...partOf(config, variant), redundant: ['base_layer.weight'] },
    },
    config: (place) => writeConfig(config, place),
  };
}
