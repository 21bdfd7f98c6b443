// What trains a few of the base's own numbers, tokens, or from a token on, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import {
  alora,
  bitfit,
  layerNormTuning,
  lora,
  readLayerNormTuning,
  readLora,
  readTrainableTokens,
  trainableTokens,
} from '@peftjs/lora';
import { describeInterop, GPT2 } from './describe-interop.ts';

const names = ['q_proj', 'v_proj'];

describeInterop({
  families: [readLora(), readLayerNormTuning(), readTrainableTokens()],
  ours: {
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
  },
  theirs: {
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
  },
});
