// The text as sequences of tokens, most of them to train on and the rest held out.
import { createBatches, readExamples, tokenizeExamples } from '@peftjs/data';
import type { CausalLM, TokenBatch } from '@peftjs/models';
import type { Batches } from '@peftjs/train';
import { type Choices, heldOutOf, type TrainingText } from '../choices.ts';

export interface Data {
  readonly training: Batches<TokenBatch>;
  readonly heldOut: Batches<TokenBatch>;
  readonly trainTokens: number;
  readonly heldOutTokens: number;
}

/** @throws where the text is not what its name says, or too short for the two parts */
export async function readData(model: CausalLM, { name, text }: TrainingText, choices: Choices): Promise<Data> {
  const { length, batchSize, seed } = choices;
  const { tokenizer, contextLength } = model;
  if (tokenizer === null) throw new Error('The model has no tokenizer.json; choose a folder that has one.');
  if (length > contextLength)
    throw new Error(
      `A sequence is to have ${length} tokens, and the model reads at most ${contextLength}; choose fewer.`,
    );
  if (text.trim() === '') throw new Error('There is no text to train on; type or paste some, or drop a file.');
  const examples = readExamples({ name, text });
  const sequences = await tokenizeExamples(examples, tokenizer, { maxLength: length, chunk: length, truncate: true });
  if (sequences.length < 2) {
    const tokens = sequences[0]?.ids.length ?? 0;
    throw new Error(
      `The text is too short: it makes ${tokens} tokens, and it takes more than ${length}, a sequence to train on and one to hold out. Add text, or set fewer tokens a sequence.`,
    );
  }
  const held = heldOutOf(sequences.length);
  const parts = [sequences.slice(0, -held), sequences.slice(-held)] as const;
  const [trainTokens, heldOutTokens] = parts.map((part) => part.reduce((sum, { ids }) => sum + ids.length, 0)) as [
    number,
    number,
  ];
  const options = { batchSize, padId: tokenizer.padId, seed };
  return {
    training: createBatches(parts[0], options),
    heldOut: createBatches(parts[1], { ...options, shuffle: false }),
    trainTokens,
    heldOutTokens,
  };
}
