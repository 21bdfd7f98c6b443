// LoRA and DoRA, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import { biases, dora, lora, loraWithBias, noisy, olora, pissa, readLora } from '@peftjs/lora';
import { describeInterop, GPT2 } from './describe-interop.ts';

const names = ['q_proj', 'v_proj'];

describeInterop({
  families: [readLora(pissa, olora)],
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
    'a tied base': {
      methods: () => lora({ r: 2, targets: names }),
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
    pissa: ['--config', '{"r": 2, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": "pissa"}'],
  },
});
