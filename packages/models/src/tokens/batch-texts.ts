// Texts as a batch of tokens, with the tokens that stand around a text.
import type { TextTokenizer } from '../text-tokenizer.ts';
import type { TokenInput } from './token-input.ts';

export interface BatchTextsOptions {
  /** Texts are cut to this many tokens. */
  readonly maxLength: number;
}

/**
 * `[CLS] text [SEP]` where the tokenizer has these, as BERT's has, else the text after its first token. Padded on the
 * right to the longest.
 *
 * @throws for no texts, a text without a token, or a `maxLength` without room for one
 */
export function batchTexts(
  { clsId, sepId, bosId, padId, encode }: TextTokenizer,
  texts: readonly string[],
  { maxLength }: BatchTextsOptions,
): TokenInput {
  const first = [clsId ?? bosId ?? []].flat();
  const last = [sepId ?? []].flat();
  const around = first.length + last.length;
  if (!(Number.isInteger(maxLength) && maxLength > around)) {
    throw new Error(`[peftjs/models] maxLength is ${maxLength}; give a whole number of tokens, ${around + 1} or more`);
  }
  const rows = texts.map((text) => [...first, ...encode(text).slice(0, maxLength - around), ...last]);
  const t = Math.max(0, ...rows.map((row) => row.length));
  const empty = rows.findIndex((row) => row.length === 0);
  if (t === 0 || empty >= 0) {
    const what = texts.length === 0 ? 'there are no texts' : `text ${empty} has no token`;
    throw new Error(`[peftjs/models] ${what}; give texts of at least one`);
  }
  const inputIds = new Int32Array(rows.length * t).fill(padId);
  const attentionMask = new Int32Array(rows.length * t);
  for (const [i, row] of rows.entries()) {
    inputIds.set(row, i * t);
    attentionMask.fill(1, i * t, i * t + row.length);
  }
  return { inputIds, attentionMask, shape: [rows.length, t] };
}
