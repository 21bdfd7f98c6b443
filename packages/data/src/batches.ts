/** Batches to train a language model on: sequences side by side, padded on the right, with a label for each token. */
import { type Batches, type DrawOptions, drawBatches } from './draw-batches.ts';
import { checkPadding, type PaddedTokens, type PaddingOptions, padTokens } from './pad-tokens.ts';
import { IGNORED_LABEL, type TokenSequence } from './token-sequence.ts';

/** Sequences side by side; `b` sequences, `t` tokens. */
export interface Batch extends PaddedTokens {
  /** [b, t], not shifted; -100 where nothing is to be learned, padding included. */
  readonly labels: Int32Array;
}

/** How batches of tokens are made. */
export interface BatchOptions extends DrawOptions, PaddingOptions {}

/** Batches over sequences. */
export function createBatches(sequences: readonly TokenSequence[], options: BatchOptions): Batches<Batch> {
  checkPadding(sequences, options);
  return drawBatches(sequences, options, (members) => {
    const tokens = padTokens(members, options);
    const labels = new Int32Array(tokens.inputIds.length).fill(IGNORED_LABEL);
    for (const [i, member] of members.entries()) labels.set(member.labels, i * tokens.shape[1]);
    return { ...tokens, labels };
  });
}
