// The methods of LoRA's family that PEFT has under types of their own, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import { describeInterop, GPT2 } from '../../testing/test/interop-suite.ts';
import {
  adalora,
  fourierft,
  layerNormTuning,
  loha,
  lokr,
  readAdalora,
  readFourierft,
  readLayerNormTuning,
  readLoha,
  readLokr,
  readVera,
  vera,
} from './index.ts';

const names = ['q_proj', 'v_proj'];

describeInterop({
  families: [readVera(), readAdalora(), readLoha(), readLokr(), readLayerNormTuning(), readFourierft()],
  ours: {
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
  },
  theirs: {
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
  },
});
