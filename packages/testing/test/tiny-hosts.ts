// Every model of @peftjs/models but the causal Llama, small, with random weights and a batch: what the suites run on.
import { engine, layerNorm, normal, random } from '@peftjs/backend';
import { type Context, dense } from '@peftjs/core';
import {
  type Architecture,
  bertClassifier,
  bertEncoder,
  bertTokenClassifier,
  defineHost,
  gpt2,
  gpt2Classifier,
  type ImageBatch,
  llamaClassifier,
  type Model,
  type RunSite,
  type Source,
  type TokenInput,
  vitClassifier,
} from '@peftjs/models';
import type { HostCase } from '@peftjs/testing/suites';
import {
  add,
  conv2d,
  mul,
  ones,
  reshape,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';

const VOCAB = 23;

/** Biases and gains are random, too, so that none can be left out unnoticed. */
function source(seed: number): Source {
  const next = random(seed, 1);
  return {
    has: () => true,
    matrix: async (_, o, i) => dense(normal(next, o * i, 0.3), o, i),
    vector: async (name, length) => {
      const gain = /norm.*weight$|ln_.*weight$/i.test(name) ? 1 : 0;
      const start = tensor1d(normal(next, length, 0.2).map((v) => v + gain));
      const held = variable(start, false);
      start.dispose();
      return held;
    },
  };
}

const LLAMA = {
  vocab_size: VOCAB,
  hidden_size: 16,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 16,
};
const GPT2 = { vocab_size: VOCAB, n_positions: 16, n_embd: 16, n_layer: 2, n_head: 4, n_inner: 20 };
const BERT = {
  vocab_size: VOCAB,
  hidden_size: 16,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 16,
};
const VIT = {
  hidden_size: 16,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  image_size: 6,
  patch_size: 3,
  num_channels: 2,
};

const [b, t] = [2, 5];
const attentionMask = Int32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
const inputIds = attentionMask.map((_, i) => (i * i + 3) % VOCAB);
const TOKENS: TokenInput = {
  inputIds,
  attentionMask,
  tokenTypeIds: Int32Array.from([0, 0, 1, 1, 1, 0, 1, 1, 0, 0]),
  tasks: Int32Array.from([1, 0]),
  shape: [b, t],
};
const IMAGES: ImageBatch = { pixels: normal(random(9), b * 6 * 6 * 2, 1), shape: [b, 6, 6, 2] };
const CLASSES = Int32Array.from([2, 0]);
const LABELS = 3;

function load<M extends Model>(architecture: Architecture<M>, config: object, name: string): Promise<M> {
  const base = { name: `tiny-${name}`, fingerprint: async () => `sha256:${name}` };
  return architecture.load({ config: { ...config }, source: source(11), base, tokenizer: null });
}

interface Scorer<B> extends Model {
  logits(batch: B, ctx: Context): Tensor;
  loss(batch: B, ctx: Context): Tensor;
}

function hostCase(model: Model, output: (ctx: Context) => Tensor, loss: (ctx: Context) => Tensor): HostCase {
  return {
    host: model,
    output,
    loss,
    recompute: (on) => {
      model.recompute = on;
    },
    dispose: () => model.dispose(),
  };
}

function scoring<B>(model: Scorer<B>, batch: B): HostCase {
  return hostCase(
    model,
    (ctx) => model.logits(batch, ctx),
    (ctx) => model.loss(batch, ctx),
  );
}

export async function tinyGpt2(): Promise<HostCase> {
  const labels = inputIds.map((id, i) => (attentionMask[i] === 1 ? id : -100));
  return scoring(await load(gpt2, GPT2, 'gpt2'), { ...TOKENS, labels });
}

export async function tinyGpt2Classifier(): Promise<HostCase> {
  return scoring(await load(gpt2Classifier({ labels: LABELS }), GPT2, 'gpt2'), { ...TOKENS, labels: CLASSES });
}

export async function tinyLlamaClassifier(): Promise<HostCase> {
  return scoring(await load(llamaClassifier({ labels: LABELS }), LLAMA, 'llama'), { ...TOKENS, labels: CLASSES });
}

export async function tinyBert(): Promise<HostCase> {
  return scoring(await load(bertClassifier({ labels: LABELS }), BERT, 'bert'), { ...TOKENS, labels: CLASSES });
}

export async function tinyBertTagger(): Promise<HostCase> {
  const labels = Int32Array.from([1, 0, -100, 2, 1, 2, 2, 0, -100, -100]);
  return scoring(await load(bertTokenClassifier({ labels: LABELS }), BERT, 'bert'), { ...TOKENS, labels });
}

export async function tinyBertEncoder(): Promise<HostCase> {
  const model = await load(bertEncoder(), BERT, 'bert');
  const weights = normal(random(13), b * model.dim, 1);
  const embed = (ctx: Context) => model.embed(TOKENS, ctx);
  return hostCase(model, embed, (ctx) => sum(mul(embed(ctx), tensor2d(weights, [b, model.dim]))));
}

export async function tinyVit(): Promise<HostCase> {
  return scoring(await load(vitClassifier({ labels: LABELS }), VIT, 'vit'), { ...IMAGES, labels: CLASSES });
}

/** A host of plain functions, with a place of each kind but the sequence. */
export async function tinyOwn(): Promise<HostCase> {
  const next = random(17);
  const numbers = (deviation: number, ...shape: number[]) =>
    tensor(
      normal(
        next,
        shape.reduce((n, d) => n * d, 1),
        deviation,
      ),
      shape,
    );
  const { host, site } = defineHost('tiny-own');
  const run = engine().tidy(() => {
    const conv = site.conv('patch', numbers(0.3, 3, 3, 2, 4), numbers(0.2, 4), (x, filters) =>
      conv2d(x as Tensor4D, filters as Tensor4D, 3, 'valid'),
    );
    const table = site.embedding('table', numbers(0.3, 5, 4));
    const norm = site.norm('norm', numbers(0.5, 4), numbers(0.2, 4), ({ x, gamma, beta }) =>
      layerNorm({ x, gamma, beta: beta as Tensor }, { eps: 1e-5 }),
    );
    const [q, k, v, out] = ['q', 'k', 'v', 'out'].map((name) =>
      site.linear(`block.${name}`, numbers(0.4, 4, 4), numbers(0.2, 4), { role: `attn.${name}` }),
    ) as [Run, Run, Run, Run];
    const attend = site.attention('block', { heads: 2, headDim: 2, causal: false });
    const branch = site.residual('block', 4, (x, ctx) => {
      const [rows, length] = x.shape as [number, number];
      const heads = (one: Run) => reshape(one(norm(x, ctx), ctx), [rows, length, 2, 2]);
      const mask = ones([rows, length]);
      return out(reshape(attend({ q: heads(q), k: heads(k), v: heads(v), mask }, ctx), x.shape), ctx);
    });
    const stream = site.stream('block', 4);
    const head = site.linear('head', numbers(0.4, LABELS, 4), numbers(0.2, LABELS), { role: 'head' });
    return (ctx: Context) =>
      tidy(() => {
        const patches = reshape(conv(tensor4d(IMAGES.pixels, [...IMAGES.shape]), ctx), [b, 4, 4]);
        const x = add(patches, table(tensor2d([0, 1, 2, 4, 4, 3, 2, 1], [b, 4], 'int32'), ctx));
        return head(stream(branch(x, ctx), ctx), ctx);
      });
  });
  const weights = normal(random(13), b * 4 * LABELS, 1);
  return hostCase(host, run, (ctx) => tidy(() => sum(mul(run(ctx), tensor(weights, [b, 4, LABELS])))));
}

type Run = RunSite<Tensor>;
