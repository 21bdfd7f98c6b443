// A small model of every architecture, with random weights that leave nothing at 0 or 1, and a batch that it takes.
import { normal, random } from '@peftjs/backend';
import { type Context, dense } from '@peftjs/core';
import { type Tensor, tensor1d, variable } from '@tensorflow/tfjs-core';
import type { Architecture } from '../src/architecture.ts';
import {
  bertClassifier,
  bertEncoder,
  bertTokenClassifier,
  type CausalLM,
  type ClassBatch,
  gpt2,
  gpt2Classifier,
  type ImageBatch,
  llama,
  llamaClassifier,
  type Model,
  type Source,
  type TokenBatch,
  vitClassifier,
} from '../src/index.ts';
import { batchOf, CONFIG } from './tiny-llama.ts';

type Json = Readonly<Record<string, unknown>>;

const GPT2: Json = {
  model_type: 'gpt2',
  vocab_size: 17,
  n_positions: 12,
  n_embd: 8,
  n_layer: 2,
  n_head: 2,
  n_inner: 12,
};

const BERT: Json = {
  model_type: 'bert',
  vocab_size: 17,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 12,
};

const VIT: Json = {
  model_type: 'vit',
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  image_size: [6, 4],
  patch_size: 2,
  num_channels: 2,
};

export const CONFIGS = { llama: CONFIG as Json, gpt2: GPT2, bert: BERT, vit: VIT } as const;

/** Normal numbers everywhere, gains around 1. @param lacks names that it does not have */
export function noisySource(seed: number, lacks: RegExp = /^$/): Source {
  const next = random(seed);
  return {
    has: (name) => !lacks.test(name),
    matrix: async (name, o, i, { otherwise } = {}) =>
      dense(lacks.test(name) && otherwise ? otherwise() : normal(next, o * i, 0.4), o, i),
    vector: async (name, length, { otherwise } = {}) => {
      const gain = /norm.*weight$|ln_.*weight$/i.test(name) ? 1 : 0;
      const values = lacks.test(name) && otherwise ? otherwise() : normal(next, length, 0.3).map((v) => v + gain);
      const start = tensor1d(values);
      const held = variable(start, false);
      start.dispose();
      return held;
    },
  };
}

export function make<M extends Model>(
  architecture: Architecture<M>,
  more: Json = {},
  source: Source = noisySource(3),
): Promise<M> {
  const config = { ...CONFIGS[architecture.modelType as keyof typeof CONFIGS], ...more };
  const base = { name: 'tiny', fingerprint: async () => 'sha256:tiny' };
  return architecture.load({ config, source, base, tokenizer: null });
}

export const TOKENS: TokenBatch = batchOf([
  [3, 5, 7, 2, 8],
  [4, 1, 9],
]);
const { inputIds, attentionMask, shape } = TOKENS;
export const CLASSES: ClassBatch & { readonly labels: Int32Array } = {
  inputIds,
  attentionMask,
  shape,
  labels: Int32Array.of(2, 0),
};
const TAGS: TokenBatch = { ...CLASSES, labels: Int32Array.of(1, 0, -100, 2, 1, 2, 2, 0, -100, -100) };
export const IMAGES: ImageBatch & { readonly labels: Int32Array } = {
  pixels: normal(random(7), 2 * 6 * 4 * 2, 1),
  shape: [2, 6, 4, 2],
  labels: Int32Array.of(1, 2),
};

/** A model with its batch. */
export interface TinyCase {
  readonly model: Model;
  output(ctx?: Context): Tensor;
  loss(ctx?: Context): Tensor;
}

interface Scorer<B> extends Model {
  logits(batch: B, ctx?: Context): Tensor;
  loss(batch: B, ctx?: Context): Tensor;
}

function scored<B>(load: (more?: Json) => Promise<Scorer<B>>, batch: B) {
  return async (more?: Json): Promise<TinyCase> => {
    const model = await load(more);
    return { model, output: (ctx) => model.logits(batch, ctx), loss: (ctx) => model.loss(batch, ctx) };
  };
}

export const tinyGpt2 = (more: Json = {}): Promise<CausalLM> => make(gpt2, more);

const labels = 3;

/** Every architecture under its name, with what opens its files again. */
export const TINY: Readonly<
  Record<string, { readonly architecture: Architecture; readonly open: (more?: Json) => Promise<TinyCase> }>
> = {
  llama: { architecture: llama, open: scored((more) => make(llama, more), TOKENS) },
  gpt2: { architecture: gpt2, open: scored(tinyGpt2, TOKENS) },
  llamaClassifier: {
    architecture: llamaClassifier(),
    open: scored((more) => make(llamaClassifier({ labels }), more), CLASSES),
  },
  gpt2Classifier: {
    architecture: gpt2Classifier(),
    open: scored((more) => make(gpt2Classifier({ labels }), more), CLASSES),
  },
  bertClassifier: {
    architecture: bertClassifier(),
    open: scored((more) => make(bertClassifier({ labels }), more), CLASSES),
  },
  bertTokenClassifier: {
    architecture: bertTokenClassifier(),
    open: scored((more) => make(bertTokenClassifier({ labels }), more), TAGS),
  },
  bertEncoder: {
    architecture: bertEncoder(),
    open: async (more) => {
      const model = await make(bertEncoder(), more);
      const embed = (ctx?: Context) => model.embed(CLASSES, ctx);
      return { model, output: embed, loss: embed };
    },
  },
  vitClassifier: {
    architecture: vitClassifier(),
    open: scored((more) => make(vitClassifier({ labels }), more), IMAGES),
  },
};

/** Values of a tensor, which is freed. */
export function valuesOf(t: Tensor): Float32Array {
  const values = t.dataSync().slice() as Float32Array;
  t.dispose();
  return values;
}
