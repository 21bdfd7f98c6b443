// (IA)3, to PEFT and back. The other methods of this package PEFT does not have.
import { modulesToSave } from '@peftjs/core';
import { describeInterop, GPT2 } from '../../testing/test/interop-suite.ts';
import { ia3, readIa3 } from './index.ts';

describeInterop({
  families: [readIa3()],
  ours: {
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
  },
  theirs: {
    '(IA)3': ['--config', '{"peft_type": "IA3"}', '--model', '{"mlp_bias": true}'],
    '(IA)3 by names, the head whole': [
      '--config',
      '{"peft_type": "IA3", "target_modules": ["q_proj", "o_proj"], "feedforward_modules": ["o_proj"], "modules_to_save": ["lm_head"]}',
    ],
    '(IA)3 on a GPT-2': ['--config', '{"peft_type": "IA3"}', '--arch', 'gpt2'],
  },
});
