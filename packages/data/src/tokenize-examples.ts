/** Examples as the token sequences that a model trains on: encoded, masked, cut to the context and, if asked, packed. */
import { encodeExample } from './encode-example.ts';
import type { Example } from './example.ts';
import { packSequences } from './pack-sequences.ts';
import { type TokenSequence, targetCount } from './token-sequence.ts';
import type { Tokenizer } from './tokenizer.ts';

/** How examples become sequences. */
export interface TokenizeOptions {
  /** The longest sequence, in tokens: at most the model's context. */
  readonly maxLength: number;
  /** Learn completions and what the assistant says, but not what prompts them. True unless set. */
  readonly maskPrompt?: boolean;
  /** Cut what is longer than `maxLength` at its end. Without it that is an error. */
  readonly truncate?: boolean;
  /** Cut texts into consecutive pieces of this many tokens, the last one shorter. */
  readonly chunk?: number;
  /** Join short sequences into windows of up to `maxLength` tokens. See `packSequences`. */
  readonly packing?: boolean;
}

/**
 * Tokenizes examples. A sequence in which nothing is left to predict (a text's last piece of one token) is left out.
 * Fails, naming the example's file and line, where one is longer than `maxLength` and nothing says how to shorten it,
 * where a prompt leaves no room for its completion, and where there is nothing to train on at all.
 */
export async function tokenizeExamples(
  examples: Iterable<Example> | AsyncIterable<Example>,
  tokenizer: Tokenizer,
  options: TokenizeOptions,
): Promise<readonly TokenSequence[]> {
  const { maxLength, maskPrompt = true, chunk, packing = false } = options;
  checkLength('maxLength', maxLength, Number.MAX_SAFE_INTEGER);
  if (chunk !== undefined) checkLength('chunk', chunk, maxLength);
  const { eosId } = tokenizer;
  if (packing && typeof eosId !== 'number') {
    throw new Error(
      '[peftjs/data] packing puts an end of sequence between examples, and the tokenizer has none (eosId)',
    );
  }
  const sequences: TokenSequence[] = [];
  for await (const example of examples) {
    const { task } = example;
    if (packing && task !== undefined) {
      throw new Error('[peftjs/data] packing joins sequences, and these have a task each; leave out `packing`');
    }
    const encoded = encodeExample(example, tokenizer, maskPrompt);
    const whole = task === undefined ? encoded : { ...encoded, task };
    const pieces =
      example.kind === 'text' && chunk !== undefined ? cut(whole, chunk) : [fitted(whole, example, options)];
    for (const piece of pieces) if (targetCount(piece) > 0) sequences.push(piece);
  }
  if (sequences.length === 0) {
    throw new Error('[peftjs/data] the examples hold nothing to train on: a sequence needs two tokens or more');
  }
  return packing ? packSequences(sequences, { maxLength, eosId: eosId as number }) : sequences;
}

function checkLength(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 2 && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? '2 or more' : `2 to ${most}, the maxLength`;
  throw new Error(`[peftjs/data] ${name} is ${value}: give a whole number of tokens, ${range}`);
}

function cut(whole: TokenSequence, length: number): readonly TokenSequence[] {
  const { ids, labels } = whole;
  return Array.from({ length: Math.ceil(ids.length / length) }, (_, i) => ({
    ...whole,
    ids: ids.slice(i * length, (i + 1) * length),
    labels: labels.slice(i * length, (i + 1) * length),
  }));
}

function fitted(whole: TokenSequence, example: Example, { maxLength, truncate }: TokenizeOptions): TokenSequence {
  const { length } = whole.ids;
  if (length <= maxLength) return whole;
  const origin = example.origin ?? `a ${example.kind} example`;
  if (!truncate) {
    const advice =
      example.kind === 'text' ? 'set `chunk` to cut it into pieces, or `truncate`' : 'shorten it, or set `truncate`';
    throw new Error(`[peftjs/data] ${origin} is ${length} tokens long, and at most ${maxLength} fit: ${advice}`);
  }
  const piece = { ...whole, ids: whole.ids.slice(0, maxLength), labels: whole.labels.slice(0, maxLength) };
  if (targetCount(piece) === 0) {
    throw new Error(
      `[peftjs/data] ${origin} is ${length} tokens long, and its prompt alone fills the ${maxLength} that fit: shorten the prompt`,
    );
  }
  return piece;
}
