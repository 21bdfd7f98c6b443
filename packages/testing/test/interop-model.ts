// The models and the batch with which adapters go between here and Python, and an adapter trained on one of them.
import { join } from 'node:path';
import { diskFolder, saveAdapter } from '@peftjs/checkpoint';
import { attach, type Method } from '@peftjs/core';
import { type CausalLM, gpt2, llama, loadModel, randomSource, saveModel, type TokenBatch } from '@peftjs/models';
import { constant, meanLoss, train } from '@peftjs/train';

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 48,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
};

/** As a GPT-2, whose linear layers are Conv1D. */
export const GPT2: Readonly<Record<string, unknown>> = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  vocab_size: 48,
  n_embd: 24,
  n_inner: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: 32,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
  tie_word_embeddings: true,
};

export const LENGTHS: readonly number[] = [9, 6, 1];
const T = Math.max(...LENGTHS);
const ids = Int32Array.from({ length: LENGTHS.length * T }, (_, k) => 3 + ((7 * k + k * k) % 45));
const real = (k: number) => k % T < (LENGTHS[Math.floor(k / T)] as number);
export const BATCH: TokenBatch & { readonly labels: Int32Array; readonly tasks: Int32Array } = {
  inputIds: ids.map((id, k) => (real(k) ? id : 0)),
  attentionMask: ids.map((_, k) => (real(k) ? 1 : 0)),
  labels: ids.map((id, k) => (real(k) ? id : -100)),
  tasks: Int32Array.from([1, 0, 1]),
  shape: [LENGTHS.length, T],
};

export interface Computed {
  readonly base: Float32Array;
  readonly logits: Float32Array;
  readonly loss: number;
}

export function logitsOf(model: CausalLM, batch: TokenBatch): Float32Array {
  const out = model.logits(batch);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

/**
 * Trains an adapter for two steps, so that nothing is as it started, and saves it beside its base.
 *
 * @param more what is other in the Llama's configuration, or `GPT2`
 */
export async function trainAndSave(
  folder: string,
  methods: Method | readonly Method[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<Computed> {
  const [family, config] = more === GPT2 ? [gpt2, GPT2] : [llama, { ...LLAMA, ...more }];
  const about = { name: '', fingerprint: async () => 'sha256:0' };
  const fresh = await family.load({ config, source: randomSource(3, 0.25), base: about, tokenizer: null });
  await saveModel(fresh, join(folder, 'base'));
  fresh.dispose();
  const model = await loadModel(diskFolder(join(folder, 'base')));
  const base = logitsOf(model, BATCH);
  const adapter = attach(model, methods, { seed: 5 });
  const options = { learningRate: 0.05, steps: 2, schedule: constant };
  for await (const _ of train(model, { size: 1, get: () => BATCH }, options));
  const logits = logitsOf(model, BATCH);
  const loss = await meanLoss(model, { size: 1, get: () => BATCH });
  await saveAdapter(adapter, join(folder, 'adapter'));
  adapter.detach();
  model.dispose();
  return { base, logits, loss };
}
