// The function between a bottleneck's two matrices, under the name that transformers gives it.
import { gelu as geluOp } from '@peftjs/backend';
import { mul, relu as reluOp, sigmoid, type Tensor, tanh as tanhOp } from '@tensorflow/tfjs-core';

export interface Activation {
  /** `activation` in `adapter_config.json`. */
  readonly name: string;
  readonly of: (x: Tensor) => Tensor;
}

/** max(x, 0) */
export const relu: Activation = { name: 'relu', of: (x) => reluOp(x) };

/** x · P(X < x) for a standard normal X. */
export const gelu: Activation = { name: 'gelu', of: (x) => geluOp({ x }, { exact: true }) };

/** GELU by tanh, as GPT-2 has it. */
export const geluNew: Activation = { name: 'gelu_new', of: (x) => geluOp({ x }, { exact: false }) };

/** x · sigmoid(x), also called swish. */
export const silu: Activation = { name: 'silu', of: (x) => mul(x, sigmoid(x)) };

export const tanh: Activation = { name: 'tanh', of: (x) => tanhOp(x) };

/** All that a folder may name. */
export const ACTIVATIONS: readonly Activation[] = [relu, gelu, geluNew, silu, tanh];
