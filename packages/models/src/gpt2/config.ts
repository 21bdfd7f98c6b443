// A GPT-2's `config.json`, read and checked: what is not known is an error, never a silent default.
import { type RawConfig, readNumber, readWhole } from '../read-config.ts';
import { type Activation, readActivation } from '../sites/activation.ts';

export interface Gpt2Config {
  readonly vocab: number;
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly eps: number;
  readonly contextLength: number;
  readonly tied: boolean;
  readonly activation: Activation;
  /** The factor of q k' in a layer, counted from 0. */
  scaleOf(layer: number): number;
}

/** @throws naming the key that is missing or not supported */
export function readGpt2Config(raw: RawConfig): Gpt2Config {
  const dim = readWhole(raw, 'n_embd');
  const heads = readWhole(raw, 'n_head');
  if (dim % heads !== 0) {
    throw new Error(`[peftjs/models] config.json: "n_embd" is ${dim}, no multiple of "n_head", ${heads}`);
  }
  if (raw.add_cross_attention === true) {
    throw new Error('[peftjs/models] config.json: "add_cross_attention" is true; only GPT-2 without it is supported');
  }
  const plain = raw.scale_attn_weights === false ? 1 : 1 / Math.sqrt(dim / heads);
  return {
    vocab: readWhole(raw, 'vocab_size'),
    dim,
    hidden: readWhole(raw, 'n_inner', 4 * dim),
    layers: readWhole(raw, 'n_layer'),
    heads,
    headDim: dim / heads,
    eps: readNumber(raw, 'layer_norm_epsilon', 1e-5),
    contextLength: readWhole(raw, 'n_positions', 1024),
    tied: raw.tie_word_embeddings !== false,
    activation: readActivation(raw, 'activation_function', 'gelu_new'),
    scaleOf: (layer) => (raw.scale_attn_by_inverse_layer_idx === true ? plain / (layer + 1) : plain),
  };
}
