// Adapters go both ways between this library and PEFT in Python: what is written here loads there without one warning
// and gives the same logits, and what is written there loads here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ia3, readIa3 } from '@peftjs/adapters';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { diskFolder, loadAdapter, saveAdapter } from '@peftjs/checkpoint';
import { attach, type Method, modulesToSave, restore } from '@peftjs/core';
import {
  adalora,
  alora,
  biases,
  bitfit,
  dora,
  fourierft,
  layerNormTuning,
  loha,
  lokr,
  lora,
  loraWithBias,
  noisy,
  olora,
  pissa,
  readAdalora,
  readFourierft,
  readLayerNormTuning,
  readLoha,
  readLokr,
  readLora,
  readTrainableTokens,
  readVera,
  trainableTokens,
  vera,
} from '@peftjs/lora';
import { type CausalLM, gpt2, llama, loadModel, randomSource, saveModel, type TokenBatch } from '@peftjs/models';
import {
  fromText,
  fromVocabulary,
  lstm,
  multitaskPromptTuning,
  prefixTuning,
  promptTuning,
  pTuning,
  readMultitaskPromptTuning,
  readPrefixTuning,
  readPromptTuning,
  readPTuning,
} from '@peftjs/prefix-tuning';
import { memorySource, openSafetensors, writeSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { constant, meanLoss, train } from '@peftjs/train';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../packages/safetensors/test/python.ts';

const python = findPython('torch', 'peft', 'transformers', 'safetensors');
const families = [
  readLora(pissa, olora),
  readVera(),
  readAdalora(),
  readLoha(),
  readLokr(),
  readTrainableTokens(),
  readLayerNormTuning(),
  readFourierft(),
  readPrefixTuning(),
  readPromptTuning(),
  readPTuning(),
  readMultitaskPromptTuning(),
  readIa3(),
];

const CONFIG = {
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
const GPT2 = {
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

interface Case {
  readonly methods: () => Method | readonly Method[];
  /** What is other in the Llama's configuration, or a GPT-2's. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** Not everything can be merged by PEFT. */
  readonly merged?: boolean;
  /** What PEFT warns of whoever wrote the folder. */
  readonly allow?: string;
}

const names = ['q_proj', 'v_proj'];
const OURS: Readonly<Record<string, Case>> = {
  lora: { methods: () => lora({ r: 4, targets: names }), merged: true },
  'rslora on all linear layers': { methods: () => lora({ r: 2, alpha: 3, rslora: true, init: noisy }), merged: true },
  dora: { methods: () => dora({ r: 2, alpha: 4, targets: [...names, 'down_proj'], dropout: 0.1 }), merged: true },
  patterns: {
    methods: () =>
      lora({
        r: 2,
        rankPattern: { q_proj: 3, 'layers\\.1\\.mlp\\..*': 4 },
        alphaPattern: { 'model.layers.0.self_attn.q_proj': 1 },
        exclude: ['o_proj', 'layers.0.mlp.up_proj'],
      }),
  },
  'layers of all linear layers': { methods: () => lora({ r: 2, layers: [1] }) },
  'an expression': { methods: () => lora({ r: 2, targets: /.*\.0\..*(q|v)_proj/ }) },
  'modules trained whole': {
    methods: () => [lora({ r: 2, targets: ['q_proj'] }), modulesToSave(['lm_head', 'norm'])],
    merged: true,
  },
  'an embedding': { methods: () => lora({ r: 2, targets: ['embed_tokens', 'v_proj'], init: noisy }) },
  pissa: { methods: () => lora({ r: 3, alpha: 6, targets: names, init: pissa }) },
  olora: { methods: () => lora({ r: 3, alpha: 3, targets: [...names, 'gate_proj'], init: olora }) },
  'biases of the base': {
    methods: () => [lora({ r: 2, targets: names, bias: 'lora_only' }), biases()],
    model: { attention_bias: true, mlp_bias: true },
  },
  "B's bias": {
    methods: () => loraWithBias({ r: 2, targets: names }),
    model: { attention_bias: true },
    merged: true,
  },
  'DoRA on a GPT-2': { methods: () => dora({ r: 2, targets: ['attn.q', 'mlp.down'] }), model: GPT2, merged: true },
  VeRA: { methods: () => vera({ r: 6, targets: [...names, 'down_proj'], dropout: 0.1 }), merged: true },
  'VeRA whose projections are drawn again, the head whole': {
    methods: () => [vera({ r: 5, projection: 7, saveProjection: false, targets: names }), modulesToSave(['lm_head'])],
    merged: true,
    allow: 'Specified to not (save|load) vera_A and vera_B',
  },
  'VeRA on a GPT-2': { methods: () => vera({ r: 4, targets: ['c_attn', 'c_fc'] }), model: GPT2, merged: true },
  AdaLoRA: {
    methods: () =>
      adalora({
        r: 3,
        target: 2,
        steps: 10,
        warmup: 2,
        orthogonality: 0,
        targets: names,
        exclude: ['layers.0.self_attn.v_proj'],
      }),
    merged: true,
  },
  'AdaLoRA on a GPT-2': {
    methods: () => adalora({ r: 3, target: 2, steps: 10, orthogonality: 0, targets: ['c_attn', 'c_fc'] }),
    model: GPT2,
    merged: true,
  },
  LoHa: { methods: () => loha({ r: 2, alpha: 4, rankPattern: { v_proj: 3 }, targets: names }), merged: true },
  LoKr: {
    methods: () => lokr({ r: 2, alpha: 4, targets: [...names, 'gate_proj'], exclude: ['layers.0.mlp.gate_proj'] }),
    merged: true,
  },
  'LoKr of two low ranks, the head whole': {
    methods: () => [
      lokr({ r: 1, both: true, factor: 8, targets: names, rankDropout: 0.1, moduleDropout: 0.1 }),
      modulesToSave(['lm_head']),
    ],
    merged: true,
  },
  FourierFT: {
    methods: () => fourierft({ n: 60, nPattern: { v_proj: 20 }, targets: [...names, 'down_proj'] }),
    merged: true,
  },
  'FourierFT on a GPT-2': {
    methods: () => fourierft({ n: 40, scaling: 40, places: 9, zero: true, targets: ['attn.q', 'mlp.down'] }),
    model: GPT2,
    merged: true,
  },
  norms: { methods: () => layerNormTuning(), merged: true, allow: 'Unsupported layer type' },
  "a GPT-2's norms, a layer whole": {
    methods: () => [layerNormTuning({ exclude: ['ln_f'] }), modulesToSave(['mlp.up'])],
    model: GPT2,
    allow: 'Unsupported layer type',
  },
  biases: { methods: () => bitfit(), model: { attention_bias: true, mlp_bias: true }, merged: true },
  "a GPT-2's biases": { methods: () => bitfit(), model: GPT2, merged: true },
  'biases, the head whole': {
    methods: () => [bitfit(), modulesToSave(['lm_head'])],
    model: { attention_bias: true },
    merged: true,
  },
  tokens: { methods: () => trainableTokens({ tokens: [11, 33] }), merged: true },
  'tokens of a GPT-2': { methods: () => trainableTokens({ tokens: [33, 3, 7] }), model: GPT2, merged: true },
  'tokens beside LoRA': {
    methods: () => [lora({ r: 2, targets: names }), trainableTokens({ tokens: [21], withLora: true })],
    merged: true,
  },
  'tokens beside LoRA, a tied base': {
    methods: () => [lora({ r: 2, targets: names }), trainableTokens({ tokens: [21, 3], withLora: true })],
    model: { tie_word_embeddings: true },
    merged: true,
  },
  aLoRA: { methods: () => alora({ r: 2, targets: [...names, 'up_proj'], invocation: [11, 21] }) },
  'aLoRA on a GPT-2': { methods: () => alora({ r: 3, targets: ['c_attn'], invocation: [21] }), model: GPT2 },
  '(IA)3': { methods: () => ia3(), model: { attention_bias: true, mlp_bias: true }, merged: true },
  '(IA)3 by names, the head whole': {
    methods: () => [
      ia3({ targets: ['q_proj', 'o_proj', 'up_proj'], feedforward: ['o_proj'], exclude: ['layers.0.mlp.up_proj'] }),
      modulesToSave(['lm_head']),
    ],
    merged: true,
  },
  '(IA)3 by an expression, none at the input': { methods: () => ia3({ targets: /.*\.1\..*_proj/, feedforward: [] }) },
  '(IA)3 on a GPT-2': { methods: () => ia3(), model: GPT2, merged: true },
  'a prefix': { methods: () => prefixTuning({ tokens: 3 }) },
  'a projected prefix': { methods: () => prefixTuning({ tokens: 4, projection: { hidden: 5 } }) },
  'a prefix from zero, the head whole': {
    methods: () => [prefixTuning({ tokens: 2, zero: true }), modulesToSave(['lm_head'])],
  },
  'a prompt': { methods: () => promptTuning({ tokens: 5 }) },
  'a prompt from the vocabulary, the head whole': {
    methods: () => [promptTuning({ tokens: 3, init: fromVocabulary() }), modulesToSave(['lm_head'])],
  },
  'a prompt from a text': {
    methods: () => promptTuning({ tokens: 3, init: fromText('words', { encode: () => [5, 9] }, 'nowhere') }),
  },
  'P-tuning': { methods: () => pTuning({ tokens: 3 }) },
  'P-tuning by an LSTM': { methods: () => pTuning({ tokens: 3, encoder: lstm({ hidden: 4, dropout: 0.1 }) }) },
  'a prompt of several tasks': { methods: () => multitaskPromptTuning({ tokens: 3, tasks: 2, ranks: 20 }) },
  'a tied base': { methods: () => lora({ r: 2, targets: names }), model: { tie_word_embeddings: true }, merged: true },
};

const THEIRS: Readonly<Record<string, readonly string[]>> = {
  lora: ['--config', '{"r": 4, "target_modules": ["q_proj", "v_proj"]}'],
  'rslora on all linear layers, a tied base in shards of bfloat16': [
    ...['--config', '{"r": 2, "use_rslora": true, "target_modules": "all-linear", "lora_alpha": 5}'],
    ...['--model', '{"tie_word_embeddings": true}', '--dtype', 'bfloat16', '--shards', '10KB'],
  ],
  'dora on a float16 base': [
    ...['--config', '{"r": 2, "use_dora": true, "target_modules": ["q_proj", "up_proj"]}', '--dtype', 'float16'],
  ],
  patterns: [
    '--config',
    '{"r": 2, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"layers.1.*q_proj": 4}, "alpha_pattern": {"down_proj": 1}}',
  ],
  'one layer, as a number': ['--config', '{"r": 2, "target_modules": ["q_proj"], "layers_to_transform": 1}'],
  'modules trained whole, biases': [
    ...['--config', '{"r": 2, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"], "bias": "all"}'],
    ...['--model', '{"attention_bias": true}'],
  ],
  'bias all of a base without': ['--config', '{"r": 2, "target_modules": ["v_proj"], "bias": "all"}'],
  'an embedding': ['--config', '{"r": 2, "target_modules": ["embed_tokens", "q_proj"]}'],
  'DoRA on a GPT-2': [
    ...['--config', '{"r": 2, "use_dora": true, "target_modules": ["c_attn", "c_proj"]}', '--arch', 'gpt2'],
  ],
  VeRA: ['--config', '{"peft_type": "VERA", "r": 5, "target_modules": ["q_proj", "v_proj", "down_proj"]}'],
  'VeRA whose projections are drawn again': [
    '--config',
    '{"peft_type": "VERA", "r": 5, "projection_prng_key": 3, "save_projection": false, "target_modules": ["q_proj", "up_proj"]}',
  ],
  AdaLoRA: [
    '--config',
    '{"peft_type": "ADALORA", "init_r": 4, "target_r": 2, "total_step": 10, "orth_reg_weight": 0, "lora_alpha": 64, "target_modules": ["q_proj", "down_proj"]}',
  ],
  LoHa: [
    '--config',
    '{"peft_type": "LOHA", "r": 3, "alpha": 5, "target_modules": ["q_proj", "v_proj"], "alpha_pattern": {"v_proj": 2}}',
  ],
  'LoHa, the head whole': [
    '--config',
    '{"peft_type": "LOHA", "r": 2, "rank_dropout": 0.2, "target_modules": ["up_proj"], "modules_to_save": ["lm_head"]}',
  ],
  LoKr: [
    '--config',
    '{"peft_type": "LOKR", "r": 2, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"down_proj": 3}, "init_weights": "lycoris"}',
  ],
  'LoKr of two low ranks, by a factor': [
    '--config',
    '{"peft_type": "LOKR", "r": 1, "decompose_both": true, "decompose_factor": 5, "target_modules": "all-linear"}',
  ],
  FourierFT: [
    '--config',
    '{"peft_type": "FOURIERFT", "n_frequency": 50, "scaling": 100, "random_loc_seed": 5, "target_modules": ["q_proj", "up_proj"]}',
  ],
  'norms, the head whole': [
    '--config',
    '{"peft_type": "LN_TUNING", "target_modules": ["input_layernorm", "norm"], "modules_to_save": ["lm_head"]}',
  ],
  'norms of a GPT-2': ['--config', '{"peft_type": "LN_TUNING"}', '--arch', 'gpt2'],
  "a GPT-2's biases, a norm whole": [
    ...['--config', '{"target_modules": "dummy-target-modules", "bias": "all", "modules_to_save": ["ln_f"]}'],
    ...['--arch', 'gpt2'],
  ],
  tokens: ['--config', '{"peft_type": "TRAINABLE_TOKENS", "token_indices": [9, 4, 17]}'],
  'tokens of a tied base': [
    ...['--config', '{"peft_type": "TRAINABLE_TOKENS", "token_indices": [9, 4], "target_modules": ["embed_tokens"]}'],
    ...['--model', '{"tie_word_embeddings": true}'],
  ],
  'tokens beside LoRA, a tied base': [
    ...['--config', '{"r": 2, "target_modules": ["q_proj"], "trainable_token_indices": [9, 4, 17]}'],
    ...['--model', '{"tie_word_embeddings": true}'],
  ],
  'tokens of a named table beside LoRA': [
    '--config',
    '{"r": 2, "target_modules": ["q_proj"], "trainable_token_indices": {"embed_tokens": [9, 4, 17, 30]}}',
  ],
  aLoRA: ['--config', '{"r": 2, "target_modules": ["q_proj", "v_proj"], "alora_invocation_tokens": [19, 14]}'],
  '(IA)3': ['--config', '{"peft_type": "IA3"}', '--model', '{"mlp_bias": true}'],
  '(IA)3 by names, the head whole': [
    '--config',
    '{"peft_type": "IA3", "target_modules": ["q_proj", "o_proj"], "feedforward_modules": ["o_proj"], "modules_to_save": ["lm_head"]}',
  ],
  '(IA)3 on a GPT-2': ['--config', '{"peft_type": "IA3"}', '--arch', 'gpt2'],
  'a prefix': ['--config', '{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}'],
  'a projected prefix': [
    '--config',
    '{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3, "prefix_projection": true, "encoder_hidden_size": 6}',
  ],
  'a prompt, the head whole': [
    '--config',
    '{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 4, "modules_to_save": ["lm_head"]}',
  ],
  'P-tuning': ['--config', '{"peft_type": "P_TUNING", "num_virtual_tokens": 3}'],
  'P-tuning by an LSTM': [
    '--config',
    '{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_reparameterization_type": "LSTM"}',
  ],
  'a prompt of several tasks': [
    '--config',
    '{"peft_type": "MULTITASK_PROMPT_TUNING", "num_virtual_tokens": 3, "num_tasks": 2, "num_ranks": 20}',
  ],
  pissa: ['--config', '{"r": 2, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa"}'],
};

const LENGTHS = [9, 6, 1];
const T = Math.max(...LENGTHS);
const ids = Int32Array.from({ length: LENGTHS.length * T }, (_, k) => 3 + ((7 * k + k * k) % 45));
const real = (k: number) => k % T < (LENGTHS[Math.floor(k / T)] as number);
const BATCH: TokenBatch & { readonly labels: Int32Array; readonly tasks: Int32Array } = {
  inputIds: ids.map((id, k) => (real(k) ? id : 0)),
  attentionMask: ids.map((_, k) => (real(k) ? 1 : 0)),
  labels: ids.map((id, k) => (real(k) ? id : -100)),
  tasks: Int32Array.from([1, 0, 1]),
  shape: [LENGTHS.length, T],
};

interface Computed {
  readonly base: Float32Array;
  readonly logits: Float32Array;
  readonly loss: number;
}

function logitsOf(model: CausalLM, batch: TokenBatch): Float32Array {
  const out = model.logits(batch);
  const values = out.dataSync() as Float32Array;
  out.dispose();
  return values;
}

async function readTensors(path: string) {
  return openSafetensors(memorySource(path, readFileSync(path)));
}

/** Trains an adapter for two steps, so that nothing is as it started, and saves it beside its base. */
async function write(folder: string, { methods, model: more = {} }: Case): Promise<Computed> {
  const [family, config] = more === GPT2 ? [gpt2, GPT2] : [llama, { ...CONFIG, ...more }];
  const about = { name: '', fingerprint: async () => 'sha256:0' };
  const fresh = await family.load({ config, source: randomSource(3, 0.25), base: about, tokenizer: null });
  await saveModel(fresh, join(folder, 'base'));
  fresh.dispose();
  const model = await loadModel(diskFolder(join(folder, 'base')));
  const base = logitsOf(model, BATCH);
  const adapter = attach(model, methods(), { seed: 5 });
  const options = { learningRate: 0.05, steps: 2, schedule: constant };
  for await (const _ of train(model, { size: 1, get: () => BATCH }, options));
  const logits = logitsOf(model, BATCH);
  const loss = await meanLoss(model, { size: 1, get: () => BATCH });
  await saveAdapter(adapter, join(folder, 'adapter'));
  adapter.detach();
  model.dispose();
  return { base, logits, loss };
}

describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  const root = mkdtempSync(join(tmpdir(), 'peftjs-interop-'));
  const ours = (name: string) => join(root, 'ours', name.replaceAll(/\W/g, '-'));
  const theirs = (name: string) => join(root, 'theirs', name.replaceAll(/\W/g, '-'));
  const computed = new Map<string, Computed>();
  const reports = new Map<
    string,
    { readonly ok: boolean; readonly warnings: readonly string[]; readonly error: string | null; readonly loss: number }
  >();

  beforeAll(async () => {
    await useBackend(cpu());
    for (const [name, one] of Object.entries(OURS)) computed.set(name, await write(ours(name), one));
    const inputs = join(root, 'inputs.safetensors');
    const { inputIds: input_ids, attentionMask: attention_mask, labels, tasks: task_ids, shape } = BATCH;
    const tensors = Object.entries({ input_ids, attention_mask, labels }).map(
      ([name, data]) => ({ name, dtype: 'I32', shape, data }) as const,
    );
    const tasks = { name: 'task_ids', dtype: 'I32', shape: [LENGTHS.length], data: task_ids } as const;
    writeFileSync(inputs, writeSafetensors([...tensors, tasks]));
    const checks = Object.entries(OURS).map(([name, { merged, allow }]) => [
      ...['check_adapter', '--base', join(ours(name), 'base'), '--adapter', join(ours(name), 'adapter')],
      ...['--inputs', inputs, '--out', join(ours(name), 'out.safetensors')],
      ...(merged ? ['--merged'] : []),
      ...(allow ? ['--allow', allow] : []),
    ]);
    const makes = Object.entries(THEIRS).map(([name, args]) => [
      'make_adapter',
      '--out',
      theirs(name),
      '--seed',
      '7',
      ...args,
    ]);
    const script = fileURLToPath(new URL('../python/many.py', import.meta.url));
    const input = [...checks, ...makes].map((job) => JSON.stringify(job)).join('\n');
    const printed = execFileSync(python as string, [script], { input, encoding: 'utf8', stdio: 'pipe' });
    const lines = printed.trim().split('\n');
    for (const [i, name] of Object.keys(OURS).entries()) reports.set(name, JSON.parse(lines[i] as string));
  }, 150_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  describe('takes from here', () => {
    test.each(Object.entries(OURS))('%s', async (name, { merged }) => {
      const { base, logits, loss } = computed.get(name) as Computed;
      expect(reports.get(name)).toMatchObject({ ok: true, warnings: [], error: null });
      const out = await readTensors(join(ours(name), 'out.safetensors'));
      expect(relativeError(await out.readFloat32('logits_base'), base)).toBeLessThan(TOLERANCES.logits);
      expect(relativeError(await out.readFloat32('logits'), logits)).toBeLessThan(TOLERANCES.logits);
      expect(relativeError(await out.readFloat32('loss'), [loss])).toBeLessThan(TOLERANCES.loss);
      if (merged) expect(relativeError(await out.readFloat32('logits_merged'), logits)).toBeLessThan(TOLERANCES.logits);
      // And the adapter counts: without it the logits are others.
      expect(relativeError(base, logits)).toBeGreaterThan(100 * TOLERANCES.logits);
    });
  });

  describe('gives to here', () => {
    test.each(Object.keys(THEIRS))('%s', async (name) => {
      const expected = await readTensors(join(theirs(name), 'expect.safetensors'));
      const shape = expected.tensors.get('input_ids')?.shape as TokenBatch['shape'];
      const [inputIds, attentionMask, labels] = await Promise.all(
        ['input_ids', 'attention_mask', 'labels'].map((key) => expected.readInt32(key)),
      );
      const tasks = expected.tensors.has('task_ids') ? { tasks: await expected.readInt32('task_ids') } : {};
      const batch = { inputIds, attentionMask, labels, shape, ...tasks } as TokenBatch;
      const model = await loadModel(diskFolder(join(theirs(name), 'base')));
      expect(relativeError(logitsOf(model, batch), await expected.readFloat32('logits_base'))).toBeLessThan(
        TOLERANCES.logits,
      );
      const adapter = await restore(model, await loadAdapter(join(theirs(name), 'adapter')), families);
      const logits = await expected.readFloat32('logits');
      expect(relativeError(logitsOf(model, batch), logits)).toBeLessThan(TOLERANCES.logits);
      const loss = await meanLoss(model, { size: 1, get: () => batch });
      expect(relativeError([loss], await expected.readFloat32('loss'))).toBeLessThan(TOLERANCES.loss);
      expect(relativeError(logits, await expected.readFloat32('logits_base'))).toBeGreaterThan(100 * TOLERANCES.logits);
      adapter.detach();
      model.dispose();
    });
  });
});
