// P-tuning's recurrent encoder: an LSTM that reads the virtual tokens in both directions, h wide, then a perceptron
// W₂ relu(W₀ x + b₀) + b₂. A step: i, f, g, o = x W' + h U' + b; c = σ(f) c + σ(i) tanh(g); h = σ(o) tanh(c).
import type { ParamSpecs, Tensors } from '@peftjs/core';
import { add, concat, matMul, mul, relu, sigmoid, slice, type Tensor, tanh, zeros } from '@tensorflow/tfjs-core';
import { encoderSpec, linear, linearSpecs, within } from './linear-layer.ts';
import { checkSizes, type PromptEncoder } from './prompt-encoder.ts';

export interface LstmOptions {
  /** Width of each direction; the model's own when left out. */
  readonly hidden?: number;
  /** LSTMs on top of each other; 2 when left out. */
  readonly layers?: number;
  /** Share of a layer's output dropped in training before the next reads it; 0 when left out. */
  readonly dropout?: number;
}

const DIRECTIONS = ['', '_reverse'] as const;

function directionSpecs(suffix: string, h: number, i: number): ParamSpecs {
  const spec = (name: string, shape: readonly number[]) => encoderSpec(`lstm_head.${name}${suffix}`, shape, within(h));
  return {
    ...spec('weight_ih', [4 * h, i]),
    ...spec('weight_hh', [4 * h, h]),
    ...spec('bias_ih', [4 * h]),
    ...spec('bias_hh', [4 * h]),
  };
}

/** [T, i] to [T, h] */
function read(x: Tensor, params: Tensors, suffix: string, backwards: boolean): Tensor {
  const own = (name: string) => params[`lstm_head.${name}${suffix}`] as Tensor;
  const width = own('weight_hh').shape[1] as number;
  const inputs = add(matMul(x, own('weight_ih'), false, true), add(own('bias_ih'), own('bias_hh'))); // [T, 4 h]
  const out: Tensor[] = [];
  let h: Tensor = zeros([1, width]);
  let c: Tensor = zeros([1, width]);
  const times = Array.from({ length: x.shape[0] as number }, (_, t) => t);
  for (const t of backwards ? times.reverse() : times) {
    const z = add(slice(inputs, [t, 0], [1, 4 * width]), matMul(h, own('weight_hh'), false, true));
    const gate = (k: number) => slice(z, [0, k * width], [1, width]);
    c = add(mul(sigmoid(gate(1)), c), mul(sigmoid(gate(0)), tanh(gate(2))));
    h = mul(sigmoid(gate(3)), tanh(c));
    out[t] = h;
  }
  return concat(out, 0);
}

/** @throws when a size is no whole number above 0, or the dropout no share below 1 */
export function lstm({ hidden, layers = 2, dropout = 0 }: LstmOptions = {}): PromptEncoder {
  checkSizes({ hidden, layers });
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`[peftjs/prefix-tuning] dropout is ${dropout}; give a share from 0 to below 1`);
  }
  const numbers = Array.from({ length: layers }, (_, layer) => layer);
  return {
    config: (dim) => ({
      encoder_reparameterization_type: 'LSTM',
      encoder_hidden_size: hidden ?? dim,
      encoder_num_layers: layers,
      encoder_dropout: dropout,
    }),
    specs(dim) {
      const h = hidden ?? dim;
      const all = numbers.flatMap((n) =>
        DIRECTIONS.map((suffix) => directionSpecs(`_l${n}${suffix}`, h, n === 0 ? dim : 2 * h)),
      );
      return Object.assign(
        {},
        ...all,
        linearSpecs('mlp_head.0', 2 * h, 2 * h),
        linearSpecs('mlp_head.2', dim, 2 * h),
      ) as ParamSpecs;
    },
    encode(x, params, drop) {
      let y = x;
      for (const n of numbers) {
        const input = n === 0 ? y : drop(y, dropout, n);
        y = concat(
          DIRECTIONS.map((suffix) => read(input, params, `_l${n}${suffix}`, suffix !== '')),
          1,
        );
      }
      return linear(relu(linear(y, params, 'mlp_head.0')), params, 'mlp_head.2');
    },
  };
}
