// What a GGUF file says of a tiny Llama, enough for a configuration.
import type { Typed } from '../../gguf/test/write-gguf.ts';

export const LLAMA: Readonly<Record<string, Typed>> = {
  'general.architecture': ['string', 'llama'],
  'llama.block_count': ['u32', 1],
  'llama.context_length': ['u32', 8],
  'llama.embedding_length': ['u32', 8],
  'llama.feed_forward_length': ['u32', 8],
  'llama.attention.head_count': ['u32', 2],
  'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-6],
  'llama.vocab_size': ['u32', 5],
};
