// The smallest host that has what methods act on: a table, two blocks of two matrices, a norm and a tied output.
import { normal, random } from '@peftjs/backend';
import { add, type Tensor, tensor1d, tidy, type Variable, variable } from '@tensorflow/tfjs-core';
import { createChains } from '../src/chains.ts';
import type { Host } from '../src/host.ts';
import type { Context, EmbeddingSite, LinearSite, NormSite, Site } from '../src/site.ts';
import { dense } from '../src/weight.ts';

export const [VOCAB, DIM, WIDE] = [9, 4, 6];

export interface TinyHost extends Host {
  site(path: string): LinearSite;
  readonly embedding: EmbeddingSite;
  /** [b, t] ids to [b, t, v]. The caller owns it. */
  run(ids: Tensor, ctx?: Context): Tensor;
  dispose(): void;
}

function held(values: Float32Array): Variable {
  const start = tensor1d(values);
  const out = variable(start, false);
  start.dispose();
  return out;
}

export function tinyHost(): TinyHost {
  const next = random(7);
  const chains = createChains();
  const linear = (path: string, role: string, outDim: number, inDim: number, bias: boolean): LinearSite => ({
    kind: 'linear',
    path,
    role,
    inDim,
    outDim,
    weight: dense(normal(next, outDim * inDim, 0.5), outDim, inDim),
    bias: bias ? held(normal(next, outDim, 0.5)) : null,
  });
  const embedding: EmbeddingSite = {
    kind: 'embedding',
    path: 'model.embed_tokens',
    role: 'embed',
    vocab: VOCAB,
    dim: DIM,
    weight: dense(normal(next, VOCAB * DIM, 1), VOCAB, DIM),
  };
  const blocks = [0, 1].map((i) => ({
    up: linear(`model.layers.${i}.mlp.up_proj`, 'mlp.up', WIDE, DIM, true),
    down: linear(`model.layers.${i}.mlp.down_proj`, 'mlp.down', DIM, WIDE, false),
  }));
  const gamma = held(normal(next, DIM, 1));
  const norm: NormSite = { kind: 'norm', path: 'model.norm', role: 'norm', dim: DIM, gamma, beta: null };
  const head: LinearSite = {
    kind: 'linear',
    path: 'lm_head',
    role: 'head',
    inDim: DIM,
    outDim: VOCAB,
    weight: embedding.weight,
    bias: null,
  };
  const all: readonly Site[] = [embedding, ...blocks.flatMap((b) => [b.up, b.down]), norm, head];
  const apply = (site: LinearSite, x: Tensor, ctx: Context) => {
    const run = (input: Tensor) => {
      const y = site.weight.matMul(input);
      return site.bias ? add(y, site.bias) : y;
    };
    return chains.run<'linear'>(site, run, x, ctx);
  };
  return {
    base: { name: 'tiny', fingerprint: async () => 'sha256:tiny' },
    task: 'CAUSAL_LM',
    embedding,
    sites: () => all,
    site: (path) => all.find((s) => s.path === path) as LinearSite,
    wrap: chains.wrap,
    setWeight(site, weight, bias) {
      const place = site as { -readonly [K in keyof LinearSite]: LinearSite[K] };
      const before = { weight: place.weight, bias: place.bias };
      place.weight = weight;
      if (bias) place.bias = bias;
      return () => Object.assign(place, before);
    },
    setNorm(site, gamma, beta) {
      const before = { gamma: site.gamma, beta: site.beta };
      Object.assign(site, { gamma, ...(beta && { beta }) });
      return () => Object.assign(site, before);
    },
    run: (ids, ctx = { training: false, seed: 0 }) =>
      tidy(() => {
        let x = chains.run<'embedding'>(embedding, (i) => embedding.weight.rows(i), ids, ctx);
        for (const { up, down } of blocks) x = add(x, apply(down, apply(up, x, ctx), ctx));
        const normed = chains.run<'norm'>(norm, (n) => add(n.x, n.gamma), { x, gamma: norm.gamma, beta: null }, ctx);
        return apply(head, normed, ctx);
      }),
    dispose() {
      const weights = all.flatMap((s) => ('weight' in s ? [s.weight] : []));
      for (const weight of new Set(weights)) weight.dispose();
      for (const { up } of blocks) up.bias?.dispose();
      norm.gamma.dispose();
    },
  };
}
