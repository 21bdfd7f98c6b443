// A BERT's `config.json`, read and checked: what is not known is an error, never a silent default.
import { type RawConfig, readNumber, readWhole } from '../read-config.ts';
import { type Activation, readActivation } from '../sites/activation.ts';

export interface BertConfig {
  readonly vocab: number;
  readonly segments: number;
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly eps: number;
  readonly contextLength: number;
  readonly activation: Activation;
}

/** @throws naming the key that is missing or not supported */
export function readBertConfig(raw: RawConfig): BertConfig {
  const dim = readWhole(raw, 'hidden_size');
  const heads = readWhole(raw, 'num_attention_heads');
  if (dim % heads !== 0) {
    throw new Error(
      `[peftjs/models] config.json: "hidden_size" is ${dim}, no multiple of "num_attention_heads", ${heads}`,
    );
  }
  const positions = raw.position_embedding_type ?? 'absolute';
  if (positions !== 'absolute') {
    throw new Error(
      `[peftjs/models] config.json: "position_embedding_type" is ${JSON.stringify(positions)}; only "absolute" is supported`,
    );
  }
  for (const key of ['is_decoder', 'add_cross_attention']) {
    if (raw[key] === true)
      throw new Error(`[peftjs/models] config.json: "${key}" is true; only BERT as an encoder is supported`);
  }
  return {
    vocab: readWhole(raw, 'vocab_size'),
    segments: readWhole(raw, 'type_vocab_size', 2),
    dim,
    hidden: readWhole(raw, 'intermediate_size'),
    layers: readWhole(raw, 'num_hidden_layers'),
    heads,
    headDim: dim / heads,
    eps: readNumber(raw, 'layer_norm_eps', 1e-12),
    contextLength: readWhole(raw, 'max_position_embeddings', 512),
    activation: readActivation(raw, 'hidden_act', 'gelu'),
  };
}
