// Token ids side by side, as `@peftjs/data` makes them.

export interface TokenInput {
  /** [b, t] */
  readonly inputIds: Int32Array;
  /** [b, t], 1 for a token and 0 for padding. */
  readonly attentionMask: Int32Array;
  /** [b, t], the segment of each token, where the model tells them apart; 0 when left out. */
  readonly tokenTypeIds?: Int32Array;
  /** [b], the task of each row, for methods that tell tasks apart. */
  readonly tasks?: Int32Array;
  readonly shape: readonly [b: number, t: number];
}

/** Tokens with a label each. */
export interface TokenBatch extends TokenInput {
  /** [b, t], not shifted; -100 where a token does not count. */
  readonly labels?: Int32Array;
}

/** Tokens with a label for each row. */
export interface ClassBatch extends TokenInput {
  /** [b] */
  readonly labels?: Int32Array;
}
