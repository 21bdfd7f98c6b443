// The options that say how a learned prompt starts.
import type { CausalLM } from '@peftjs/models';
import { fromText, fromVocabulary, type PromptInit, random } from '@peftjs/prefix-tuning';
import { choice, type Option, orElse, text } from '../option.ts';
import { needTokenizer } from '../options/need-tokenizer.ts';
import { UsageError } from '../usage-error.ts';

interface PromptInitValues {
  readonly 'prompt-init': 'random' | 'vocabulary' | 'text';
  readonly 'prompt-text': string | undefined;
}

export const promptInitOptions: { readonly [K in keyof PromptInitValues]: Option<PromptInitValues[K]> } = {
  'prompt-init': orElse(choice(['random', 'vocabulary', 'text'], 'how a learned prompt starts'), 'random'),
  'prompt-text': text('TEXT', 'the text that a learned prompt starts as, with --prompt-init text'),
};

/** @throws UsageError where one is given without the other */
export function checkPromptInit({ 'prompt-init': init, 'prompt-text': start }: PromptInitValues): void {
  if ((init === 'text') === (start !== undefined)) return;
  throw new UsageError('--prompt-text and --prompt-init text go together; give both, or neither');
}

export function promptInitOf(values: PromptInitValues, model: CausalLM): PromptInit {
  const { 'prompt-init': kind, 'prompt-text': start } = values;
  if (start !== undefined) return fromText(start, needTokenizer(model), model.base.name);
  return kind === 'vocabulary' ? fromVocabulary() : random;
}
