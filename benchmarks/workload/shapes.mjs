// @ts-check
// The models that are measured: configurations of Hugging Face's Llama, their weights random.

/**
 * @typedef {object} Workload
 * @property {Record<string, unknown>} config `config.json`
 * @property {number} b rows of a batch
 * @property {number} t tokens of a row
 * @property {number} r rank of LoRA, on q_proj and v_proj
 * @property {number} deviation of the normal weights; large enough that losses and gradients say something
 */

/** @param {Record<string, number>} sizes @returns {Record<string, unknown>} */
const llama = (sizes) => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  attention_dropout: 0,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: null,
  pad_token_id: null,
  ...sizes,
});

/** The small shape: 2 layers (or more), d 256, vocabulary 1000, 4 rows of 128 tokens, rank 8 on q and v. */
export const small = (layers = 2) => ({
  config: llama({
    vocab_size: 1000,
    hidden_size: 256,
    intermediate_size: 704,
    num_hidden_layers: layers,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 32,
    max_position_embeddings: 256,
  }),
  b: 4,
  t: 128,
  r: 8,
  deviation: 0.08,
});

/** SmolLM2-135M's shape, one row of 128 tokens. */
export const smollm2 = () => ({
  config: llama({
    vocab_size: 49152,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    head_dim: 64,
    max_position_embeddings: 2048,
    rope_theta: 100000,
  }),
  b: 1,
  t: 128,
  r: 8,
  deviation: 0.04,
});

/** The shape of the base model in models/sotu-3m. */
export const sotu = () => ({
  config: llama({
    vocab_size: 2048,
    hidden_size: 192,
    intermediate_size: 512,
    num_hidden_layers: 6,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    head_dim: 32,
    max_position_embeddings: 256,
  }),
  b: 1,
  t: 128,
  r: 8,
  deviation: 0.08,
});

/** Small enough for any test. */
export const tiny = (layers = 2) => ({
  config: llama({
    vocab_size: 64,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    max_position_embeddings: 64,
  }),
  b: 2,
  t: 16,
  r: 4,
  deviation: 0.15,
});
