// What is read and replaced of a `tf.LayersModel`'s layers: members that tfjs-layers keeps, and does not type, as public.

import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Holds a layer's weight. `val` may be pointed to another variable. */
export interface LayerVariable {
  val: Variable;
}

/** The keyword arguments that a model hands to every layer of a pass. */
export type CallArgs = Readonly<Record<string, unknown>> & { readonly training?: boolean };

export interface Layer {
  readonly name: string;
  readonly outputShape: readonly (number | null)[] | readonly (readonly (number | null)[])[];
  getClassName(): string;
  call(inputs: Tensor | Tensor[], args: CallArgs): Tensor | Tensor[];
}

/** Of Dense and Conv2D. */
export interface KernelLayer extends Layer {
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | null;
  readonly activation: { apply(x: Tensor): Tensor; getClassName(): string } | null;
}

export interface Conv2dLayer extends KernelLayer {
  readonly strides: [number, number];
  readonly padding: 'valid' | 'same';
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  readonly dilationRate: [number, number];
}

export interface EmbeddingLayer extends Layer {
  readonly embeddings: LayerVariable;
}

export interface LayerNormalizationLayer extends Layer {
  readonly gamma: LayerVariable | null;
  readonly beta: LayerVariable | null;
  readonly epsilon: number;
  readonly axis: number | readonly number[];
}

export interface DropoutLayer extends Layer {
  readonly rate: number;
}

/** A layer with its path: its name, behind those of the models that it is nested in. */
export interface Placed<L extends Layer = Layer> {
  readonly path: string;
  readonly layer: L;
}

/** Every layer of a model and of the models in it, each once. */
export function layersOf(model: LayersModel, prefix = ''): readonly Placed[] {
  const found = model.layers.flatMap((layer): readonly Placed[] => {
    const path = prefix + layer.name;
    const inner = 'layers' in layer ? layersOf(layer as unknown as LayersModel, `${path}.`) : [];
    return inner.length > 0 ? inner : [{ path, layer: layer as unknown as Layer }];
  });
  return found.filter(({ layer }, i) => found.findIndex((other) => other.layer === layer) === i);
}

/** The one tensor that a layer with one input is called with. */
export function onlyInput(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs;
}
