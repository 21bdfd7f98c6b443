// Models of every architecture, saved here with an adapter on them: transformers and PEFT load both without one warning,
// find no tensor missing or left over, and give the same logits.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { normal, random, useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { diskFolder, saveAdapter } from '@peftjs/checkpoint';
import { attach, type Context, dense, type Method, merge, modulesToSave } from '@peftjs/core';
import { dora, lora, noisy } from '@peftjs/lora';
import {
  type Architecture,
  bertClassifier,
  bertEncoder,
  bertTokenClassifier,
  gpt2,
  gpt2Classifier,
  llamaClassifier,
  loadModel,
  type Model,
  type Source,
  saveModel,
  vitClassifier,
} from '@peftjs/models';
import { memorySource, openSafetensors, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { type Tensor, tensor1d, variable } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../packages/safetensors/test/python.ts';

const python = findPython('torch', 'peft', 'transformers', 'safetensors');

const SPECIAL = { bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 };
const TEXT = {
  vocab_size: 48,
  hidden_size: 24,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 32,
  ...SPECIAL,
};
const CONFIGS = {
  llama: { ...TEXT, model_type: 'llama', num_key_value_heads: 2, head_dim: 6, rms_norm_eps: 1e-5 },
  gpt2: { model_type: 'gpt2', vocab_size: 48, n_positions: 32, n_embd: 24, n_layer: 2, n_head: 4, ...SPECIAL },
  bert: { ...TEXT, model_type: 'bert' },
  vit: { ...TEXT, model_type: 'vit', image_size: 12, patch_size: 4 },
} as const;

/** Every number random, gains around 1. */
function source(): Source {
  const next = random(3);
  return {
    has: () => true,
    matrix: async (_, o, i) => dense(normal(next, o * i, 0.25), o, i),
    vector: async (name, length) => {
      const gain = /norm.*weight$|ln_.*weight$/i.test(name) ? 1 : 0;
      const start = tensor1d(normal(next, length, 0.2).map((v) => v + gain));
      const held = variable(start, false);
      start.dispose();
      return held;
    },
  };
}

const LENGTHS = [9, 6, 1];
const T = Math.max(...LENGTHS);
const real = (k: number) => k % T < (LENGTHS[Math.floor(k / T)] as number);
const ids = Int32Array.from({ length: LENGTHS.length * T }, (_, k) => (real(k) ? 3 + ((7 * k + k * k) % 45) : 0));
const shape = [LENGTHS.length, T] as const;
const TOKENS = { inputIds: ids, attentionMask: ids.map((_, k) => (real(k) ? 1 : 0)), shape };
const [b, side, channels] = [3, 12, 3];
const IMAGES = { pixels: normal(random(8), b * side * side * channels, 1), shape: [b, side, side, channels] as const };

/** torch has an image's channels in front. */
const planes = Float32Array.from(IMAGES.pixels, (_, k) => {
  const [image, rest] = [Math.floor(k / (side * side * channels)), k % (side * side * channels)];
  const [channel, pixel] = [Math.floor(rest / (side * side)), rest % (side * side)];
  return IMAGES.pixels[(image * side * side + pixel) * channels + channel] as number;
});

interface Case {
  readonly task: string;
  readonly open: (path: string | null) => Promise<{ readonly model: Model; output(ctx: Context): Tensor }>;
  readonly methods: () => Method | readonly Method[];
}

function scored<B>(
  architecture: Architecture<Model & { logits(batch: B, ctx?: Context): Tensor }>,
  batch: B,
): Case['open'] {
  return async (path) => {
    const config = CONFIGS[architecture.modelType as keyof typeof CONFIGS];
    const base = { name: '', fingerprint: async () => 'sha256:0' };
    const model =
      path === null
        ? await architecture.load({ config, source: source(), base, tokenizer: null })
        : await loadModel(diskFolder(path), { architectures: [architecture] });
    return { model, output: (ctx) => model.logits(batch, ctx) };
  };
}

const encoder = bertEncoder();
/** Its embeddings as what it gives. */
const embedding: Parameters<typeof scored<typeof TOKENS>>[0] = {
  ...encoder,
  async load(parts) {
    const model = await encoder.load(parts);
    return { ...model, logits: (batch, ctx) => model.embed(batch, ctx) };
  },
};

const labels = 3;
const linear = (): readonly Method[] => [lora({ r: 2, init: noisy }), modulesToSave(['head'])];
const CASES: Readonly<Record<string, Case>> = {
  'gpt2, all linear layers': {
    task: 'CAUSAL_LM',
    open: scored(gpt2, TOKENS),
    methods: () => lora({ r: 2, init: noisy }),
  },
  'gpt2, a Conv1D saved whole': {
    task: 'CAUSAL_LM',
    open: scored(gpt2, TOKENS),
    methods: () => [dora({ r: 2, init: noisy, targets: ['attn.q'] }), modulesToSave(['mlp.down'])],
  },
  'a classifying gpt2': { task: 'SEQ_CLS', open: scored(gpt2Classifier({ labels }), TOKENS), methods: linear },
  'a classifying llama': { task: 'SEQ_CLS', open: scored(llamaClassifier({ labels }), TOKENS), methods: linear },
  'a classifying bert': { task: 'SEQ_CLS', open: scored(bertClassifier({ labels }), TOKENS), methods: linear },
  'bert without its head': {
    task: 'SEQ_CLS',
    open: scored(bertClassifier({ labels }), TOKENS),
    methods: () => lora({ r: 2, init: noisy }),
  },
  'a bert of tokens': { task: 'TOKEN_CLS', open: scored(bertTokenClassifier({ labels }), TOKENS), methods: linear },
  'a bert that embeds': {
    task: 'FEATURE_EXTRACTION',
    open: scored(embedding, TOKENS),
    methods: () => lora({ r: 2, init: noisy }),
  },
  'an image classifier': { task: 'IMAGE_CLS', open: scored(vitClassifier({ labels }), IMAGES), methods: linear },
  'an image classifier, DoRA on its convolution': {
    task: 'IMAGE_CLS',
    open: scored(vitClassifier({ labels }), IMAGES),
    methods: () => dora({ r: 3, init: noisy, targets: ['embed', 'attn.q'] }),
  },
  'an image classifier without its head': {
    task: 'IMAGE_CLS',
    open: scored(vitClassifier({ labels }), IMAGES),
    methods: () => lora({ r: 2, init: noisy, targets: ['embed', 'mlp.up', 'attn.o'] }),
  },
};

/** The mean of each row's hidden states [b, t, d], of length 1. */
function pooled(hidden: Float32Array): Float32Array {
  const d = TEXT.hidden_size;
  const rows = LENGTHS.flatMap((length, row) => {
    const mean = Array.from({ length: d }, (_, j) => {
      const at = (i: number) => hidden[(row * T + i) * d + j] as number;
      return Array.from({ length }, (_, i) => at(i)).reduce((p, q) => p + q) / length;
    });
    const size = Math.hypot(...mean);
    return mean.map((v) => v / size);
  });
  return Float32Array.from(rows);
}

const INFERENCE: Context = { training: false, seed: 0 };
function read(t: Tensor): Float32Array {
  const values = t.dataSync() as Float32Array;
  t.dispose();
  return values;
}

describe.skipIf(!python)('transformers and PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  const root = mkdtempSync(join(tmpdir(), 'peftjs-hosts-'));
  const folder = (name: string) => join(root, name.replaceAll(/\W/g, '-'));
  const computed = new Map<string, { readonly base: Float32Array; readonly logits: Float32Array }>();
  const reports = new Map<string, object>();
  const run = (jobs: readonly (readonly string[])[]): readonly object[] => {
    const script = fileURLToPath(new URL('../python/many.py', import.meta.url));
    const input = jobs.map((job) => JSON.stringify(job)).join('\n');
    const printed = execFileSync(python as string, [script], { input, encoding: 'utf8', stdio: 'pipe' });
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  beforeAll(async () => {
    await useBackend(cpu());
    const inputs = (name: string, tensors: readonly TensorToWrite[]) => {
      writeFileSync(join(root, name), writeSafetensors(tensors));
      return join(root, name);
    };
    const tokens = inputs('tokens.safetensors', [
      { name: 'input_ids', dtype: 'I32', shape, data: TOKENS.inputIds },
      { name: 'attention_mask', dtype: 'I32', shape, data: TOKENS.attentionMask },
    ]);
    const images = inputs('images.safetensors', [
      { name: 'pixel_values', dtype: 'F32', shape: [b, channels, side, side], data: planes },
    ]);
    for (const [name, { open, methods }] of Object.entries(CASES)) {
      const fresh = await open(null);
      await saveModel(fresh.model, join(folder(name), 'base'));
      fresh.model.dispose();
      const { model, output } = await open(join(folder(name), 'base'));
      const base = read(output(INFERENCE));
      const adapter = attach(model, methods(), { seed: 5 });
      const logits = read(output(INFERENCE));
      await saveAdapter(adapter, join(folder(name), 'adapter'));
      const unmerge = await merge(adapter, { probe: () => output(INFERENCE) });
      unmerge();
      adapter.detach();
      model.dispose();
      computed.set(name, { base, logits });
    }
    const names = Object.keys(CASES);
    const found = run(
      names.map((name) => [
        ...['check_adapter', '--base', join(folder(name), 'base'), '--adapter', join(folder(name), 'adapter')],
        ...['--task', CASES[name]?.task as string, '--merged'],
        ...['--inputs', CASES[name]?.task === 'IMAGE_CLS' ? images : tokens],
        ...['--out', join(folder(name), 'out.safetensors')],
      ]),
    );
    for (const [i, name] of names.entries()) reports.set(name, found[i] as object);
  }, 150_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test.each(Object.keys(CASES))('%s', async (name) => {
    expect(reports.get(name)).toMatchObject({ ok: true, warnings: [], error: null });
    const { base, logits } = computed.get(name) as { base: Float32Array; logits: Float32Array };
    const path = join(folder(name), 'out.safetensors');
    const out = await openSafetensors(memorySource(path, readFileSync(path)));
    const theirs = async (tensor: string) => {
      const values = await out.readFloat32(tensor);
      return CASES[name]?.task === 'FEATURE_EXTRACTION' ? pooled(values) : values;
    };
    expect(relativeError(base, await theirs('logits_base'))).toBeLessThan(TOLERANCES.logits);
    expect(relativeError(logits, await theirs('logits'))).toBeLessThan(TOLERANCES.logits);
    expect(relativeError(logits, await theirs('logits_merged'))).toBeLessThan(TOLERANCES.logits);
    expect(relativeError(base, logits)).toBeGreaterThan(100 * TOLERANCES.logits);
  });
});
