// Where a prefix comes from: a table, or a perceptron W₂ tanh(W₀ E + b₀) + b₂ that is evaluated for each layer where it is
// used, from the rows of W₂ that are the layer's.
import type { ParamSpecs, Tensors } from '@peftjs/core';
import { add, concat, matMul, slice, type Tensor, tanh, zeros } from '@tensorflow/tfjs-core';
import { gaussian } from './initializers.ts';
import { encoderSpec, linear, linearSpecs, within } from './linear-layer.ts';
import type { PrefixTuningOptions } from './prefix-tuning.ts';

export interface PrefixSource {
  /** @param width g f @param layers L */
  specs(width: number, layers: number): ParamSpecs;
  /** Pₖ and Pᵥ of a layer side by side, [T, 2 g f]. */
  pair(shared: Tensors, layer: number, width: number): Tensor;
  exported?(shared: Tensors): Tensors;
}

export function table({ tokens, zero = false }: PrefixTuningOptions): PrefixSource {
  return {
    specs: (width, layers) => {
      const init = zero ? (shape: readonly number[]) => zeros([...shape]) : gaussian(1);
      return { prompt: { file: 'prompt_embeddings', shape: [tokens, 2 * layers * width], init } };
    },
    pair: ({ prompt }, layer, width) => slice(prompt as Tensor, [0, 2 * layer * width], [tokens, 2 * width]),
  };
}

export function perceptron({ tokens, projection, zero = false }: PrefixTuningOptions): PrefixSource {
  const pair = (shared: Tensors, layer: number, width: number): Tensor => {
    const h = tanh(linear(shared['embedding.weight'] as Tensor, shared, 'transform.0'));
    const [w, b] = [shared['transform.2.weight'] as Tensor, shared['transform.2.bias'] as Tensor];
    const own = slice(w, [2 * layer * width, 0], [2 * width, w.shape[1] as number]);
    return add(matMul(h, own, false, true), slice(b, [2 * layer * width], [2 * width]));
  };
  return {
    specs(width, layers) {
      const hidden = projection?.hidden ?? width;
      const last = zero ? (shape: readonly number[]) => zeros([...shape]) : within(hidden);
      return {
        ...encoderSpec('embedding.weight', [tokens, width], gaussian(1)),
        ...linearSpecs('transform.0', hidden, width),
        ...linearSpecs('transform.2', 2 * layers * width, hidden, last),
      };
    },
    pair,
    exported(shared) {
      const width = shared['embedding.weight']?.shape[1] as number;
      const layers = (shared['transform.2.bias']?.size as number) / (2 * width);
      const pairs = Array.from({ length: layers }, (_, layer) => pair(shared, layer, width));
      return { prompt_embeddings: concat(pairs, 1) };
    },
  };
}
