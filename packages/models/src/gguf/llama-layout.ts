// The Llama family in GGUF files.
import type { RawConfig } from '../read-config.ts';
import type { GgufLayout } from './gguf-layout.ts';
import { ggufNumber, ggufText } from './gguf-metadata.ts';
import { ROPE_FACTORS, ropeFactors } from './rope-factors.ts';

const MODULES: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** Llama, and what llama.cpp calls so: SmolLM2, TinyLlama and others. */
export const llamaLayout: GgufLayout = {
  architecture: 'llama',
  async config(file) {
    const number = (key: string, fallback?: number) => ggufNumber(file, `llama.${key}`, fallback);
    const heads = number('attention.head_count');
    const headDim = number('attention.key_length', number('rope.dimension_count', number('embedding_length') / heads));
    const theta = shortest(number('rope.freq_base', 10000));
    const factors = await ropeFactors(file, theta, headDim);
    const token = (key: string) => file.metadata.get(`tokenizer.ggml.${key}_token_id`) ?? null;
    return {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      hidden_act: 'silu',
      vocab_size: file.tensors.get('token_embd.weight')?.shape[0] ?? number('vocab_size'),
      hidden_size: number('embedding_length'),
      intermediate_size: number('feed_forward_length'),
      num_hidden_layers: number('block_count'),
      num_attention_heads: heads,
      num_key_value_heads: number('attention.head_count_kv', heads),
      head_dim: headDim,
      rms_norm_eps: shortest(number('attention.layer_norm_rms_epsilon')),
      max_position_embeddings: number('context_length'),
      rope_theta: theta,
      ...(factors && { rope_scaling: factors }),
      ...scaling(ggufText(file, 'llama.rope.scaling.type', 'none'), () => shortest(number('rope.scaling.factor'))),
      attention_bias: file.tensors.has('blk.0.attn_q.bias'),
      mlp_bias: file.tensors.has('blk.0.ffn_up.bias'),
      tie_word_embeddings: !file.tensors.has('output.weight'),
      bos_token_id: token('bos'),
      eos_token_id: token('eos'),
    };
  },
  tensorName(name) {
    if (name === ROPE_FACTORS) return null;
    const [, block, module = '', kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
    const path = MODULES[module];
    if (path === undefined) return name;
    return `${block === undefined ? '' : `model.layers.${block}.`}${path}.${kind}`;
  },
  alternating(name, config) {
    if (/\.attn_q\./.test(name)) return Number(config.num_attention_heads);
    return /\.attn_k\./.test(name) ? Number(config.num_key_value_heads) : null;
  },
};

function scaling(type: string, factor: () => number): RawConfig {
  return type === 'none' ? {} : { rope_scaling: { rope_type: type, factor: factor() } };
}

/** The decimal that a float32 was made from. */
function shortest(value: number): number {
  return Number(value.toPrecision(7));
}
