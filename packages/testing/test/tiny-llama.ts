// A Llama of two blocks with random weights, grouped queries and biases: small enough for any test.
import { normal, random } from '@peftjs/backend';
import { llama, randomSource, type Source } from '@peftjs/models';
import type { HostCase } from '@peftjs/testing/suites';
import { tensor, variable } from '@tensorflow/tfjs-core';

const VOCAB = 23;

/** Biases and gains are random, too, so that none can be left out unnoticed. */
function source(seed: number): Source {
  const next = random(seed, 1);
  return {
    ...randomSource(seed, 0.3),
    vector: async (name, length) => {
      const values = normal(next, length, 0.2).map((v) => (name.endsWith('.bias') ? v : 1 + v));
      const start = tensor(values, [length]);
      const held = variable(start, false);
      start.dispose();
      return held;
    },
  };
}

export interface TinyLlamaOptions {
  readonly tied?: boolean;
  readonly biases?: boolean;
}

export async function tinyLlama({ tied = false, biases = true }: TinyLlamaOptions = {}): Promise<HostCase> {
  const model = await llama.load({
    config: {
      vocab_size: VOCAB,
      hidden_size: 16,
      intermediate_size: 20,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      max_position_embeddings: 16,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: tied,
      attention_bias: biases,
      mlp_bias: biases,
    },
    source: source(11),
    base: { name: 'tiny-llama', fingerprint: async () => `sha256:${tied}${biases}` },
    tokenizer: null,
  });
  const [b, t] = [2, 5];
  const inputIds = Int32Array.from({ length: b * t }, (_, i) => (i * i + 3) % VOCAB);
  const attentionMask = Int32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  const labels = inputIds.map((id, i) => (attentionMask[i] === 1 ? id : -100));
  const tasks = Int32Array.from([1, 0]);
  const batch = { inputIds, attentionMask, labels, tasks, shape: [b, t] as const };
  return {
    host: model,
    output: (ctx) => model.logits(batch, ctx),
    loss: (ctx) => model.loss(batch, ctx),
    recompute: (on) => {
      model.recompute = on;
    },
    dispose: () => model.dispose(),
  };
}
