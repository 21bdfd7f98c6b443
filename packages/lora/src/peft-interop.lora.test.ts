// LoRA and what goes beside it, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import { describeInterop, GPT2 } from '../../testing/test/interop-suite.ts';
import {
  alora,
  biases,
  bitfit,
  dora,
  lora,
  loraWithBias,
  noisy,
  olora,
  pissa,
  readLora,
  readTrainableTokens,
  trainableTokens,
} from './index.ts';

const names = ['q_proj', 'v_proj'];

describeInterop({
  families: [readLora(pissa, olora), readTrainableTokens()],
  ours: {
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
    aLoRA: { methods: () => alora({ r: 2, targets: [...names, 'up_proj'], invocation: [11, 21] }) },
    'aLoRA on a GPT-2': { methods: () => alora({ r: 3, targets: ['c_attn'], invocation: [21] }), model: GPT2 },
    'a tied base': {
      methods: () => lora({ r: 2, targets: names }),
      model: { tie_word_embeddings: true },
      merged: true,
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
  },
  theirs: {
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
    aLoRA: ['--config', '{"r": 2, "target_modules": ["q_proj", "v_proj"], "alora_invocation_tokens": [19, 14]}'],
    pissa: ['--config', '{"r": 2, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa"}'],
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
  },
});
