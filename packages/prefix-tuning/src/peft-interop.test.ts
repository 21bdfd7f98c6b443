// Prefixes and prompts, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import { describeInterop } from '../../testing/test/interop-suite.ts';
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
} from './index.ts';

describeInterop({
  families: [readPrefixTuning(), readPromptTuning(), readPTuning(), readMultitaskPromptTuning()],
  ours: {
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
  },
  theirs: {
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
  },
});
