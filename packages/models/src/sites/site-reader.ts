// Makes sites of a source's weights, one after the other.
import { normal, random } from '@peftjs/backend';
import type { ConvSite, EmbeddingSite, LinearSite, NormSite } from '@peftjs/core';
import type { Source } from '../source/source.ts';
import type { LooseTensor } from './stored-tensors.ts';

export interface LinearOptions {
  /** Whether it has one; true when left out. */
  readonly bias?: boolean;
  /** The file has the matrix as [i, o]. */
  readonly transposed?: boolean;
  /** Where the file lacks it, it starts from a normal of deviation 0.02, its bias from 0. */
  readonly mayBeFresh?: boolean;
}

export interface SiteReader {
  linear(path: string, role: string, outDim: number, inDim: number, options?: LinearOptions): Promise<LinearSite>;
  norm(path: string, role: string, dim: number, options?: { readonly beta?: boolean }): Promise<NormSite>;
  embedding(path: string, role: string, vocab: number, dim: number): Promise<EmbeddingSite>;
  conv(
    path: string,
    role: string,
    filters: readonly [outDim: number, inDim: number, height: number, width: number],
    convolve: ConvSite['convolve'],
  ): Promise<ConvSite>;
  /** A tensor that is no module's. */
  loose(name: string, shape: readonly number[]): Promise<LooseTensor>;
  /** Paths of what the file lacked. */
  readonly fresh: readonly string[];
}

/** @param seed of what the file lacks */
export function siteReader(source: Source, seed = 0): SiteReader {
  const next = random(seed, 2);
  const fresh: string[] = [];
  return {
    fresh,
    async linear(path, role, outDim, inDim, { bias = true, transposed = false, mayBeFresh = false } = {}) {
      const isFresh = mayBeFresh && !source.has(`${path}.weight`);
      if (isFresh) fresh.push(path);
      const otherwise = (values: () => Float32Array) => (isFresh ? { otherwise: values } : {});
      const start = otherwise(() => normal(next, outDim * inDim, 0.02));
      return {
        kind: 'linear',
        path,
        role,
        inDim,
        outDim,
        weight: await source.matrix(`${path}.weight`, outDim, inDim, { role, transposed, ...start }),
        bias: bias
          ? await source.vector(
              `${path}.bias`,
              outDim,
              otherwise(() => new Float32Array(outDim)),
            )
          : null,
        ...(transposed && { transposed }),
      };
    },
    norm: async (path, role, dim, { beta = true } = {}) => ({
      kind: 'norm',
      path,
      role,
      dim,
      gamma: await source.vector(`${path}.weight`, dim),
      beta: beta ? await source.vector(`${path}.bias`, dim) : null,
    }),
    embedding: async (path, role, vocab, dim) => ({
      kind: 'embedding',
      path,
      role,
      vocab,
      dim,
      weight: await source.matrix(`${path}.weight`, vocab, dim, { role }),
    }),
    conv: async (path, role, [outDim, inDim, height, width], convolve) => ({
      kind: 'conv',
      path,
      role,
      inDim,
      outDim,
      kernel: [height, width],
      weight: await source.matrix(`${path}.weight`, outDim, inDim * height * width, {
        role,
        shape: [outDim, inDim, height, width],
      }),
      bias: await source.vector(`${path}.bias`, outDim),
      convolve,
    }),
    async loose(name, shape) {
      const size = shape.reduce((n, d) => n * d, 1);
      return { name, shape, held: await source.vector(name, size, { shape }) };
    },
  };
}
