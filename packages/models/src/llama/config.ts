// A Llama's `config.json`, read and checked: what is not known is an error, never a silent default.
import { nearest } from '@peftjs/core';
import { type RawConfig, readNumber, readWhole } from '../read-config.ts';

export interface LlamaConfig {
  readonly vocab: number;
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly eps: number;
  readonly contextLength: number;
  readonly tied: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** Angle of each pair of a head's dimensions per position, [headDim / 2]. */
  readonly frequencies: Float64Array;
}

/** @throws naming the key that is missing or not supported */
export function readLlamaConfig(raw: RawConfig): LlamaConfig {
  const heads = readWhole(raw, 'num_attention_heads');
  const kvHeads = readWhole(raw, 'num_key_value_heads', heads);
  const dim = readWhole(raw, 'hidden_size');
  const headDim = readWhole(raw, 'head_dim', dim / heads);
  if (heads % kvHeads !== 0) {
    throw new Error(
      `[peftjs/models] config.json: "num_attention_heads" is ${heads}, no multiple of "num_key_value_heads", ${kvHeads}`,
    );
  }
  if (headDim % 2 !== 0) {
    throw new Error(`[peftjs/models] config.json: "head_dim" is ${headDim}; rotary positions need an even number`);
  }
  if (raw.hidden_act !== undefined && raw.hidden_act !== 'silu') {
    throw new Error(
      `[peftjs/models] config.json: "hidden_act" is ${JSON.stringify(raw.hidden_act)}; a Llama has "silu"`,
    );
  }
  return {
    vocab: readWhole(raw, 'vocab_size'),
    dim,
    hidden: readWhole(raw, 'intermediate_size'),
    layers: readWhole(raw, 'num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    eps: readNumber(raw, 'rms_norm_eps', 1e-6),
    contextLength: readWhole(raw, 'max_position_embeddings', 2048),
    tied: raw.tie_word_embeddings === true,
    attentionBias: raw.attention_bias === true,
    mlpBias: raw.mlp_bias === true,
    frequencies: rotaryFrequencies(raw, headDim),
  };
}

/** theta^(-2 j / f), and what Llama 3.1 makes of them for long contexts. */
export function rotaryFrequencies(raw: RawConfig, headDim: number): Float64Array {
  const scaling = {
    ...(raw.rope_scaling as RawConfig | null),
    ...(raw.rope_parameters as RawConfig | null),
  } as RawConfig;
  const partial = scaling.partial_rotary_factor ?? raw.partial_rotary_factor ?? 1;
  if (partial !== 1) {
    throw new Error(`[peftjs/models] config.json: "partial_rotary_factor" ${JSON.stringify(partial)} is not supported`);
  }
  const theta = readNumber(scaling, 'rope_theta', readNumber(raw, 'rope_theta', 10000));
  const plain = Float64Array.from({ length: headDim / 2 }, (_, j) => theta ** ((-2 * j) / headDim));
  const type = (scaling.rope_type ?? scaling.type ?? 'default') as string;
  if (type === 'default') return plain;
  if (type === 'linear') return plain.map((f) => f / readNumber(scaling, 'factor'));
  if (type !== 'llama3') {
    throw new Error(
      `[peftjs/models] config.json: rope_type "${type}" is not supported${nearest(type, ['default', 'linear', 'llama3'])}`,
    );
  }
  const factor = readNumber(scaling, 'factor');
  const low = readNumber(scaling, 'low_freq_factor');
  const high = readNumber(scaling, 'high_freq_factor');
  const original = readNumber(scaling, 'original_max_position_embeddings');
  return plain.map((f) => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength < original / high) return f;
    if (wavelength > original / low) return f / factor;
    const smooth = (original / wavelength - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}
