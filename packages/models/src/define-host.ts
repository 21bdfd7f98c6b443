// A model of one's own as a host: its places are made one by one, and each is a function that runs it.
import { engine } from '@peftjs/backend';
import { fingerprint } from '@peftjs/checkpoint';
import {
  type AttentionInput,
  type Context,
  type ConvSite,
  createChains,
  dense,
  type NormInput,
  type Site,
  type StoredTensor,
  type Weight,
} from '@peftjs/core';
import { reshape, type Tensor, transpose, type Variable, variable } from '@tensorflow/tfjs-core';
import { createModel, INFERENCE, type Model } from './model.ts';
import { siteRunner } from './sites/site-runner.ts';
import { numbersOf } from './sites/stored-tensors.ts';

/** Runs a place: x, or a record, to what the model goes on with. Without a context, outside training. */
export type RunSite<In> = (x: In, ctx?: Context) => Tensor;

export interface SiteOptions {
  /** What it is for, `attn.q`, for targets by role; `head` keeps it out of "all linear layers". */
  readonly role?: string;
}

/** Makes places under names of one's own. Tensors are shared, and may be disposed. */
export interface SiteMaker {
  /** x W' + b. @param weight [o, i], a tensor or stored in another way; bias [o] */
  linear(path: string, weight: Tensor | Weight, bias?: Tensor | null, options?: SiteOptions): RunSite<Tensor>;
  /** Rows by index. @param table [v, d] */
  embedding(path: string, table: Tensor | Weight, options?: SiteOptions): RunSite<Tensor>;
  /** @param filters [kh, kw, i, o], convolved with x [b, y, x, i] by `convolve`; bias [o] */
  conv(
    path: string,
    filters: Tensor,
    bias: Tensor | null,
    convolve: ConvSite['convolve'],
    options?: SiteOptions,
  ): RunSite<Tensor>;
  /** @param gamma [d]; beta [d] or null */
  norm(
    path: string,
    gamma: Tensor,
    beta: Tensor | null,
    normalize: (input: NormInput) => Tensor,
    options?: SiteOptions,
  ): RunSite<Tensor>;
  /** Queries, keys, values and mask to [b, t, h, f], the base by scaled dot products. */
  attention(
    path: string,
    dims: { readonly heads: number; readonly kvHeads?: number; readonly headDim: number; readonly causal: boolean },
    options?: SiteOptions,
  ): RunSite<AttentionInput>;
  /** x + branch(x), [b, t, d]. */
  residual(path: string, dim: number, branch: RunSite<Tensor>, options?: SiteOptions): RunSite<Tensor>;
  /** What a block gives, [b, t, d]. */
  stream(path: string, dim: number, options?: SiteOptions): RunSite<Tensor>;
}

export interface OwnHost {
  /** To attach to. A model to train adds a loss and a count: `{ ...host, loss, count }`, and is the host from then on. */
  readonly host: Model;
  readonly site: SiteMaker;
}

/**
 * A host without places, and what makes them.
 *
 * @param name what adapters call their base
 * @throws (when a place is made) where a path is taken
 * @example
 * const { host, site } = defineHost('moons');
 * const up = site.linear('up', w1, b1);
 * const down = site.linear('down', w2, b2, { role: 'head' });
 * const forward = (x: tf.Tensor, ctx?: Context) => down(tf.relu(up(x, ctx)), ctx);
 * const adapter = attach(host, lora({ r: 2 }));
 */
export function defineHost(name: string): OwnHost {
  const chains = createChains();
  const sites: Site[] = [];
  const runner = siteRunner(chains, () => {
    throw new Error('[peftjs/models] each norm of this host has a function of its own');
  });
  let hash: Promise<string> | undefined;
  const base = { name, fingerprint: () => (hash ??= fingerprint(entriesOf(host.stored()))) };
  const host = createModel({ chains, runner, sites }, [], null, { config: {}, base, tokenizer: null });
  /** Checks before anything is made. */
  const free = (kind: Site['kind'], path: string) => {
    if (!sites.some((other) => other.path === path && other.kind === kind)) return;
    throw new Error(`[peftjs/models] "${name}" has a ${kind} "${path}" already; give each a path of its own`);
  };
  const add = <S extends Site>(site: S): S => {
    sites.push(site);
    return site;
  };
  const weightOf = (given: Tensor | Weight): Weight => ('encode' in given ? given : dense(given));
  const held = (given: Tensor): Variable => variable(given, false);

  const site: SiteMaker = {
    linear(path, given, bias = null, { role = 'linear' } = {}) {
      free('linear', path);
      const weight = weightOf(given);
      const { inDim, outDim } = weight;
      const place = add({ kind: 'linear', path, role, inDim, outDim, weight, bias: bias && held(bias) });
      return (x, ctx = INFERENCE) => runner.linear(place, x, ctx);
    },
    embedding(path, given, { role = 'embed' } = {}) {
      free('embedding', path);
      const weight = weightOf(given);
      const place = add({ kind: 'embedding', path, role, vocab: weight.outDim, dim: weight.inDim, weight });
      return (ids, ctx = INFERENCE) => runner.embedding(place, ids, ctx);
    },
    conv(path, filters, bias, convolve, { role = 'conv' } = {}) {
      free('conv', path);
      const [height, width, inDim, outDim] = filters.shape as [number, number, number, number];
      const rows = engine().tidy(() => reshape(transpose(filters, [3, 2, 0, 1]), [outDim, inDim * height * width]));
      const [weight, kernel] = [dense(rows), [height, width] as const];
      rows.dispose();
      const place = add({
        kind: 'conv',
        path,
        role,
        inDim,
        outDim,
        kernel,
        weight,
        bias: bias && held(bias),
        convolve,
      });
      return (x, ctx = INFERENCE) => runner.conv(place, x, ctx);
    },
    norm(path, gamma, beta, normalize, { role = 'norm' } = {}) {
      free('norm', path);
      const dim = gamma.shape[0] as number;
      const place = add({ kind: 'norm', path, role, dim, gamma: held(gamma), beta: beta && held(beta) });
      return (x, ctx = INFERENCE) =>
        chains.run<'norm'>(place, normalize, { x, gamma: place.gamma, beta: place.beta }, ctx);
    },
    attention(path, { heads, kvHeads = heads, headDim, causal }, { role = 'attn' } = {}) {
      free('attention', path);
      const place = add({ kind: 'attention', path, role, heads, kvHeads, headDim });
      const attrs = { causal, scale: 1 / Math.sqrt(headDim) };
      return (input, ctx = INFERENCE) => runner.attention(place, input, attrs, ctx);
    },
    residual(path, dim, branch, { role = 'branch' } = {}) {
      free('residual', path);
      const place = add({ kind: 'residual', path, role, dim });
      return (x, ctx = INFERENCE) => runner.residual(place, (y) => branch(y, ctx), x, ctx);
    },
    stream(path, dim, { role = 'block' } = {}) {
      free('stream', path);
      const place = add({ kind: 'stream', path, role, dim });
      return (x, ctx = INFERENCE) => runner.stream(place, x, ctx);
    },
  };
  return { host, site };
}

async function* entriesOf(stored: readonly StoredTensor[]) {
  for (const one of stored) {
    const { buffer, byteOffset, byteLength } = await numbersOf(one);
    yield { name: one.name, dtype: 'F32', shape: one.shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
}
