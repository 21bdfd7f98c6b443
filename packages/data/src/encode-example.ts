/** One example as one sequence of tokens, whatever its length, with the prompt's labels masked. */
import type { Example, Message } from './example.ts';
import { IGNORED_LABEL, type TokenSequence } from './token-sequence.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * - A text is `bos text eos`, all of it learned.
 * - A completion is `bos prompt completion eos`. Prompt and completion are encoded apart, so that the prompt's tokens are
 *   those that the prompt alone will have when the model is used.
 * - A conversation is what the tokenizer's chat template makes of it. Learned is what the assistant says, in every turn,
 *   up to the next turn's first token.
 */
export function encodeExample(example: Example, tokenizer: Tokenizer, maskPrompt: boolean): TokenSequence {
  const bos = typeof tokenizer.bosId === 'number' ? [tokenizer.bosId] : [];
  const eos = typeof tokenizer.eosId === 'number' ? [tokenizer.eosId] : [];
  switch (example.kind) {
    case 'text':
      return masked([...bos, ...tokenizer.encode(example.text), ...eos], []);
    case 'completion': {
      const prompt = [...bos, ...tokenizer.encode(example.prompt)];
      const ids = [...prompt, ...tokenizer.encode(example.completion), ...eos];
      return masked(ids, maskPrompt ? [[0, prompt.length]] : []);
    }
    case 'messages':
      return encodeMessages(example.messages, example.origin ?? 'a conversation', tokenizer, maskPrompt);
    default:
      return example satisfies never;
  }
}

type Span = readonly [start: number, end: number];

function masked(tokens: readonly number[], hidden: readonly Span[]): TokenSequence {
  const ids = Int32Array.from(tokens);
  const labels = Int32Array.from(tokens);
  for (const [start, end] of hidden) labels.fill(IGNORED_LABEL, start, end);
  return { ids, labels };
}

function encodeMessages(
  messages: readonly Message[],
  origin: string,
  tokenizer: Tokenizer,
  maskPrompt: boolean,
): TokenSequence {
  if (tokenizer.applyChatTemplate === undefined) {
    throw new Error(
      `[peftjs/data] ${origin} is a conversation, and the tokenizer has no chat template: use a model that has one, or give prompt and completion`,
    );
  }
  const whole = tokenizer.applyChatTemplate(messages);
  const ids = tokenizer.encode(whole);
  if (!maskPrompt) return masked(ids, []);
  if (!messages.some(({ role }) => role === 'assistant')) {
    throw new Error(`[peftjs/data] ${origin} has no message of the assistant: there is nothing to learn`);
  }
  const hidden: Span[] = [];
  let end = 0;
  for (const [i, { role }] of messages.entries()) {
    if (role !== 'assistant') continue;
    const before = tokenizer.applyChatTemplate(messages.slice(0, i), { addGenerationPrompt: true });
    const after = tokenizer.applyChatTemplate(messages.slice(0, i + 1));
    if (!whole.startsWith(before) || !whole.startsWith(after)) {
      throw new Error(
        `[peftjs/data] ${origin}: the chat template writes message ${i + 1} differently once others follow it, so its tokens cannot be told apart: set maskPrompt to false, or end the conversation there`,
      );
    }
    hidden.push([end, commonLength(ids, tokenizer.encode(before))]);
    end = commonLength(ids, tokenizer.encode(after));
  }
  hidden.push([end, ids.length]);
  return masked(ids, hidden);
}

/** A token that reaches over the boundary belongs to what follows it. */
function commonLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
