// LoRA and DoRA as parts for linear and embedding sites: y = x W' + s (drop(x) A') B', with A [r, i], B [o, r] and s = alpha / r; rsLoRA has
// s = alpha / sqrt(r), DoRA learns the rows' sizes m [o] besides. On an embedding the table changes by s (B A)'.
import { lookup } from '@peftjs/backend';
import {
  affinePart,
  type EmbeddingSite,
  type LinearSite,
  type Method,
  type ParamSpec,
  type Part,
  patternFor,
  type Tensors,
} from '@peftjs/core';
import { add, clone, matMul, mul, reshape, type Tensor, transpose, zeros } from '@tensorflow/tfjs-core';
import type { Decomposition } from './dora.ts';
import { normalB } from './initializers.ts';
import type { LoraConfig } from './options.ts';
import { writeConfig } from './write-config.ts';

function rankOf(config: LoraConfig, path: string): number {
  return patternFor(config.rankPattern, path) ?? config.r;
}

function scaleOf(config: LoraConfig, path: string): number {
  const r = rankOf(config, path);
  return (patternFor(config.alphaPattern, path) ?? config.alpha) / (config.rslora ? Math.sqrt(r) : r);
}

function overRank(config: LoraConfig, { path, weight }: LinearSite | EmbeddingSite): string | null {
  const r = rankOf(config, path);
  const most = Math.min(weight.inDim, weight.outDim);
  return r > most ? `rank ${r} is over the layer's; give at most ${most}` : null;
}

/** A, B and what else is trained of a linear layer. */
function linearParams(config: LoraConfig, parts: Decomposition | null, site: LinearSite): Record<string, ParamSpec> {
  const { init, loraBias, bias } = config;
  const r = rankOf(config, site.path);
  const own = site.bias;
  return {
    a: { file: 'lora_A.weight', shape: [r, site.inDim], init: init.a },
    b: { file: 'lora_B.weight', shape: [site.outDim, r], init: init.b },
    ...(loraBias ? { upBias: { file: 'lora_B.bias', shape: [site.outDim], init: () => zeros([site.outDim]) } } : {}),
    ...(bias !== 'none' && own ? { bias: { file: 'base_layer.bias', shape: own.shape, init: () => clone(own) } } : {}),
    ...(parts ? { m: parts.magnitude(site) } : {}),
  };
}

function linear(config: LoraConfig, parts: Decomposition | null): Part<'linear'> {
  const { start } = config.init;
  return affinePart({
    check: (site) => overRank(config, site),
    params: (site) => linearParams(config, parts, site),
    ...(start ? { start: (site) => start(site, rankOf(config, site.path), scaleOf(config, site.path)) } : {}),
    ...(parts ? { derive: parts.derive } : {}),
    affine({ site, params, derived }) {
      const { a, b, bias, upBias } = params as { a: Tensor; b: Tensor; bias?: Tensor; upBias?: Tensor };
      const scale = scaleOf(config, site.path);
      const lifted = upBias && mul(upBias, scale);
      const offset = lifted && site.bias ? add(site.bias, lifted) : (lifted ?? bias);
      return {
        terms: [{ a, b, scale }],
        dropout: config.dropout,
        bias: offset,
        out: parts?.direction(site, params, derived, scale),
      };
    },
  });
}

function embedding(config: LoraConfig, parts: Decomposition | null): Part<'embedding'> {
  const out = (site: EmbeddingSite, params: Tensors, derived: Tensors, y: Tensor) =>
    parts ? mul(y, parts.direction(site, params, derived, scaleOf(config, site.path))) : y;
  return {
    check: (site) => overRank(config, site),
    params(site) {
      const r = rankOf(config, site.path);
      return {
        a: { file: 'lora_embedding_A', shape: [r, site.vocab], init: (shape) => zeros([...shape]) },
        b: { file: 'lora_embedding_B', shape: [site.dim, r], init: normalB },
        ...(parts ? { m: parts.magnitude(site) } : {}),
      };
    },
    ...(parts ? { derive: parts.derive } : {}),
    forward({ x, base, site, params, derived }) {
      const rows = lookup(transpose(params.a as Tensor), reshape(x, [-1]));
      const change = mul(matMul(rows, params.b as Tensor, false, true), scaleOf(config, site.path));
      return out(site, params, derived, add(base(x), reshape(change, [...x.shape, site.dim])));
    },
    fold({ weight, bias, site, params, derived }) {
      const change = mul(matMul(params.a as Tensor, params.b as Tensor, true, true), scaleOf(config, site.path));
      return { weight: out(site, params, derived, add(weight, change)), bias };
    },
    redundant: ['base_layer.weight'],
  };
}

/** LoRA with these options; with a decomposition, DoRA. */
export function makeLora(config: LoraConfig, parts: Decomposition | null): Method {
  return {
    type: 'LORA',
    targets: config.targets,
    on: { linear: linear(config, parts), embedding: embedding(config, parts) },
    config: (place) => writeConfig(config, parts !== null, place),
  };
}
