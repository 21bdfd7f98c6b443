// Prompt tuning on the command line.
import { promptTuning, readPromptTuning } from '@peftjs/prefix-tuning';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { checkPromptInit, promptInitOf, promptInitOptions } from '../method-options/prompt-init.ts';
import { reserved, virtualTokens } from '../method-options/virtual-tokens.ts';

export const method: MethodEntry = methodEntry({
  options: { 'virtual-tokens': virtualTokens, ...promptInitOptions },
  check: checkPromptInit,
  create: (values, { model }) => [
    promptTuning({ tokens: values['virtual-tokens'], init: promptInitOf(values, model) }),
  ],
  reserved,
  families: [readPromptTuning()],
});
