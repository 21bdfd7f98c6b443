// Trainable tokens on the command line.
import { readTrainableTokens, trainableTokens } from '@peftjs/lora';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { modulesToSaveOption, wholeOf } from '../method-options/targets.ts';
import { trainTokens } from '../method-options/train-tokens.ts';
import { UsageError } from '../usage-error.ts';

const options = { 'train-tokens': trainTokens, 'modules-to-save': modulesToSaveOption };

export const method: MethodEntry = methodEntry({
  options,
  check({ 'train-tokens': tokens }) {
    if (tokens !== undefined) return;
    throw new UsageError(
      '--train-tokens IDS is missing: --method trainable-tokens trains the embeddings of those tokens',
    );
  },
  create: (values) => [trainableTokens({ tokens: values['train-tokens'] ?? [] }), ...wholeOf(values)],
  families: [readTrainableTokens()],
});
