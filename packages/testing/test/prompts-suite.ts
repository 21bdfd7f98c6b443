// The suite of methods on what @peftjs/prefix-tuning has.
import type { Backend } from '@peftjs/backend';
import { type Family, modulesToSave } from '@peftjs/core';
import {
  fromText,
  fromVocabulary,
  lstm,
  mlp,
  multitaskPromptTuning,
  prefixTuning,
  promptTuning,
  pTuning,
  readMultitaskPromptTuning,
  readPrefixTuning,
  readPromptTuning,
  readPTuning,
} from '@peftjs/prefix-tuning';
import { describeMethod, describeOn, type MethodSuiteOptions } from '@peftjs/testing/suites';
import { tinyLlama } from './tiny-llama.ts';

export function describePrompts(backend: Backend): void {
  describeOn(backend, 'prompts and prefixes', describeMethods);
}

function describeMethods(): void {
  const on = (family: Family): MethodSuiteOptions => ({
    host: () => tinyLlama(),
    family,
    unmergeable: true,
    start: 'something',
  });
  const tokens = 3;
  describeMethod('prefix tuning', () => prefixTuning({ tokens }), on(readPrefixTuning()));
  describeMethod(
    'prefix tuning with a projection',
    () => prefixTuning({ tokens, projection: { hidden: 5 } }),
    on(readPrefixTuning()),
  );
  describeMethod(
    'prefix tuning from zero, with the head whole',
    () => [prefixTuning({ tokens, zero: true }), modulesToSave(['lm_head'])],
    on(readPrefixTuning()),
  );

  describeMethod('prompt tuning', () => promptTuning({ tokens }), on(readPromptTuning()));
  describeMethod(
    'prompt tuning from the vocabulary, with norms whole',
    () => [promptTuning({ tokens, init: fromVocabulary() }), modulesToSave(['norm'])],
    on(readPromptTuning()),
  );
  const text = fromText('two words', { encode: () => [7, 11] }, 'a-tokenizer');
  describeMethod('prompt tuning from a text', () => promptTuning({ tokens, init: text }), on(readPromptTuning()));

  describeMethod(
    'P-tuning with a perceptron',
    () => pTuning({ tokens, encoder: mlp({ hidden: 9 }) }),
    on(readPTuning()),
  );
  describeMethod(
    'P-tuning with an LSTM of two layers',
    () => pTuning({ tokens, encoder: lstm({ hidden: 3, dropout: 0.2 }) }),
    on(readPTuning()),
  );
  describeMethod(
    'P-tuning with an LSTM of one layer',
    () => pTuning({ tokens, encoder: lstm({ layers: 1 }) }),
    on(readPTuning()),
  );
  describeMethod('multitask prompt tuning', () => multitaskPromptTuning({ tokens, tasks: 2, ranks: 2 }), {
    ...on(readMultitaskPromptTuning()),
    deviation: 0.5,
  });
}
