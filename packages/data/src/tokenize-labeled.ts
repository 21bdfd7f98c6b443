/** Labeled examples as the token sequences that a classifier reads. */
import type { LabeledExample } from './labeled-example.ts';
import { checkLabelNames, labelIndex } from './labels.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Tokens of one text, and its class. */
export interface ClassSequence {
  /** [t] */
  readonly ids: Int32Array;
  readonly label: number;
}

/** How labeled examples become sequences. */
export interface TokenizeLabeledOptions {
  /** The classes' names in the order of their numbers; see `labelNames`. */
  readonly labels: readonly string[];
  /** The longest sequence, in tokens: at most the model's context. */
  readonly maxLength: number;
  /** Cut what is longer than `maxLength` at the text's end. Without it that is an error. */
  readonly truncate?: boolean;
}

/**
 * A text is `cls text sep` where the tokenizer has these, as BERT's has, else `bos text`.
 * Fails, naming the example's file and line, where its label is not among `labels`, where it is longer than `maxLength`
 * and is not to be cut, and where it has no token at all.
 */
export async function tokenizeLabeled(
  examples: Iterable<LabeledExample> | AsyncIterable<LabeledExample>,
  tokenizer: Tokenizer,
  { labels, maxLength, truncate = false }: TokenizeLabeledOptions,
): Promise<readonly ClassSequence[]> {
  checkLabelNames(labels);
  const first = [tokenizer.clsId ?? tokenizer.bosId].filter((id) => typeof id === 'number');
  const last = [tokenizer.sepId].filter((id) => typeof id === 'number');
  const room = maxLength - first.length - last.length;
  if (!Number.isInteger(maxLength) || room < 1) {
    throw new Error(
      `[peftjs/data] maxLength is ${maxLength}: give a whole number of tokens, ${maxLength - room + 1} or more`,
    );
  }
  const sequences: ClassSequence[] = [];
  for await (const example of examples) {
    const label = labelIndex(example, labels);
    const origin = example.origin ?? 'an example';
    const tokens = tokenizer.encode(example.text);
    const length = tokens.length + first.length + last.length;
    if (length > maxLength && !truncate) {
      throw new Error(
        `[peftjs/data] ${origin} is ${length} tokens long, and at most ${maxLength} fit: shorten it, or set \`truncate\``,
      );
    }
    const ids = Int32Array.from([...first, ...tokens.slice(0, room), ...last]);
    if (ids.length === 0) throw new Error(`[peftjs/data] ${origin} is empty: there is nothing to classify`);
    sequences.push({ ids, label });
  }
  if (sequences.length === 0) throw new Error('[peftjs/data] there are no examples to tokenize: the data is empty');
  return sequences;
}
