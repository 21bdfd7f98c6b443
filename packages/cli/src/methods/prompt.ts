// Prompt tuning on the command line. It reads prompts of several tasks, and makes those of one.
import type { CausalLM } from '@peftjs/models';
import {
  fromText,
  fromVocabulary,
  type PromptInit,
  promptTuning,
  random,
  readMultitaskPromptTuning,
  readPromptTuning,
} from '@peftjs/prefix-tuning';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { reserved, virtualTokens } from '../method-options/virtual-tokens.ts';
import { needTokenizer } from '../model-options.ts';
import { choice, orElse, text } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  'virtual-tokens': virtualTokens,
  'prompt-init': orElse(choice(['random', 'vocabulary', 'text'], 'how a learned prompt starts'), 'random'),
  'prompt-text': text('TEXT', 'the text that a learned prompt starts as, with --prompt-init text'),
};

function initOf(kind: string, start: string | undefined, model: CausalLM): PromptInit {
  if (start !== undefined) return fromText(start, needTokenizer(model), model.base.name);
  return kind === 'vocabulary' ? fromVocabulary() : random;
}

export const method: MethodEntry = methodEntry({
  options,
  check({ 'prompt-init': init, 'prompt-text': start }) {
    if ((init === 'text') === (start !== undefined)) return;
    throw new UsageError('--prompt-text and --prompt-init text go together; give both, or neither');
  },
  create: (values, { model }) => [
    promptTuning({
      tokens: values['virtual-tokens'],
      init: initOf(values['prompt-init'], values['prompt-text'], model),
    }),
  ],
  reserved,
  families: [readPromptTuning(), readMultitaskPromptTuning()],
});
