/** The label of a token that is not to be learned. */
export const IGNORED_LABEL = -100;

/** Tokens and what is to be learned of them. */
export interface TokenSequence {
  /** [t] */
  readonly ids: Int32Array;
  /** [t]: the ids themselves, not shifted (the model shifts them), or -100 where nothing is to be learned. */
  readonly labels: Int32Array;
  /** The number of its task, where there are several. */
  readonly task?: number;
}

/** How many labels count: the model predicts each token from those before it, hence never the first. */
export function targetCount({ labels }: TokenSequence): number {
  let count = 0;
  for (let i = 1; i < labels.length; i++) if (labels[i] !== IGNORED_LABEL) count++;
  return count;
}
