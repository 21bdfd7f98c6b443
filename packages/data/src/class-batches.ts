/** Batches to train a classifier on: sequences side by side, padded on the right, with one label each. */
import type { BatchOptions } from './batches.ts';
import { type Batches, drawBatches } from './draw-batches.ts';
import { checkPadding, type PaddedTokens, padTokens } from './pad-tokens.ts';
import type { ClassSequence } from './tokenize-labeled.ts';

/** Sequences side by side; `b` sequences, `t` tokens. */
export interface ClassBatch extends PaddedTokens {
  /** [b], the class of each. */
  readonly labels: Int32Array;
}

/** Batches over sequences with a class each. */
export function createClassBatches(sequences: readonly ClassSequence[], options: BatchOptions): Batches<ClassBatch> {
  checkPadding(sequences, options);
  return drawBatches(sequences, options, (members) => ({
    ...padTokens(members, options),
    labels: Int32Array.from(members, ({ label }) => label),
  }));
}
