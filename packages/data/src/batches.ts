/** Batches to train a language model on: sequences side by side, padded on the right, with a label for each token. */
import { type Batches, type DrawOptions, drawBatches } from './draw-batches.ts';
import { checkPadding, type PaddedTokens, type PaddingOptions, padTokens } from './pad-tokens.ts';
import { IGNORED_LABEL, type TokenSequence } from './token-sequence.ts';

/** Sequences side by side; `b` sequences, `t` tokens. */
export interface Batch extends PaddedTokens {
  /** [b, t], not shifted; -100 where nothing is to be learned, padding included. */
  readonly labels: Int32Array;
  /** [b], the task of each sequence, where they have one. */
  readonly tasks?: Int32Array;
}

/** How batches of tokens are made. */
export interface BatchOptions extends DrawOptions, PaddingOptions {}

/**
 * Batches over sequences.
 *
 * @throws where some sequences have a task and others have none
 */
export function createBatches(sequences: readonly TokenSequence[], options: BatchOptions): Batches<Batch> {
  checkPadding(sequences, options);
  const withTask = sequences.filter(({ task }) => task !== undefined).length;
  if (withTask > 0 && withTask < sequences.length) {
    throw new Error(
      `[peftjs/data] ${withTask} of ${sequences.length} sequences have a task; give one to all of them, or to none`,
    );
  }
  return drawBatches(sequences, options, (members) => {
    const tokens = padTokens(members, options);
    const labels = new Int32Array(tokens.inputIds.length).fill(IGNORED_LABEL);
    for (const [i, member] of members.entries()) labels.set(member.labels, i * tokens.shape[1]);
    if (withTask === 0) return { ...tokens, labels };
    return { ...tokens, labels, tasks: Int32Array.from(members, ({ task }) => task as number) };
  });
}
