// P-tuning's perceptron: W₂ relu(W₁ relu(W₀ x + b₀) + b₁) + b₂ over each virtual token, with W₀ [h, d], W₁ [h, h], W₂ [d, h].
import { relu } from '@tensorflow/tfjs-core';
import { linear, linearSpecs } from './linear-layer.ts';
import { checkSizes, type PromptEncoder } from './prompt-encoder.ts';

export interface MlpOptions {
  /** Width of the hidden layers; the model's own when left out. */
  readonly hidden?: number;
}

/** @throws when the width is no whole number above 0 */
export function mlp({ hidden }: MlpOptions = {}): PromptEncoder {
  checkSizes({ hidden });
  return {
    config: (dim) => ({
      encoder_reparameterization_type: 'MLP',
      encoder_hidden_size: hidden ?? dim,
      encoder_num_layers: 2,
      encoder_dropout: 0,
    }),
    specs(dim) {
      const h = hidden ?? dim;
      return {
        ...linearSpecs('mlp_head.0', h, dim),
        ...linearSpecs('mlp_head.2', h, h),
        ...linearSpecs('mlp_head.4', dim, h),
      };
    },
    encode: (x, params) =>
      linear(relu(linear(relu(linear(x, params, 'mlp_head.0')), params, 'mlp_head.2')), params, 'mlp_head.4'),
  };
}
