// The base's own weights, for what cannot be said without them: DoRA's change, modules and biases that were trained whole.
import { type Host, nearest, type Site } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

export interface BaseWeight {
  /**
   * The matrix of a linear layer [o, i], the filters of a convolution [o, i kh kw], the table of an embedding [vocab, dim],
   * the gain of a norm [d, 1]; row-major.
   */
  readonly values: ArrayLike<number>;
  readonly outDim: number;
  readonly inDim: number;
  /** Null or left out where the layer has none. */
  readonly bias?: ArrayLike<number> | null;
}

export type WeightOf = (path: string) => BaseWeight | Promise<BaseWeight>;

/** The tensors of a site that has any: its weight, and its bias. */
function tensorsOf(site: Site): { readonly weight: () => Tensor; readonly bias: Tensor | null } | null {
  switch (site.kind) {
    case 'linear':
    case 'conv':
      return { weight: () => site.weight.read(), bias: site.bias };
    case 'embedding':
      return { weight: () => site.weight.read(), bias: null };
    case 'norm':
      return { weight: () => site.gamma.clone(), bias: site.beta };
    default:
      return null;
  }
}

/**
 * Reads weights out of a model, as they are now: with an adapter merged, those with it.
 *
 * @example
 * const mixed = await combine(parts, svd({ r: 16 }), { weightOf: weightsOf(model) });
 */
export function weightsOf(host: Host): WeightOf {
  return async (path) => {
    const held = host.sites().filter((site) => tensorsOf(site) !== null);
    const site = held.find((one) => one.path === path);
    if (site === undefined) {
      const paths = held.map((one) => one.path);
      throw new Error(`[peftjs/lora] the model has no weight at "${path}"${nearest(path, paths)}`);
    }
    const { weight, bias } = tensorsOf(site) as NonNullable<ReturnType<typeof tensorsOf>>;
    const dense = weight();
    try {
      const [outDim, inDim = 1] = dense.shape as [number, number?];
      return { values: (await dense.data()) as Float32Array, outDim, inDim, bias: (await bias?.data()) ?? null };
    } finally {
      dense.dispose();
    }
  };
}
