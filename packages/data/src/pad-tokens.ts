/** Token ids side by side, padded on the right; `b` sequences, `t` tokens. */
export interface PaddedTokens {
  /** [b, t] */
  readonly inputIds: Int32Array;
  /** [b, t]: 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  readonly shape: readonly [b: number, t: number];
}

/** How short sequences are filled up. */
export interface PaddingOptions {
  /** The token that fills short sequences up. The attention mask hides it. */
  readonly padId: number;
  /** Pad to this many tokens, for batches of one shape. Unless set, each batch is as long as its longest sequence. */
  readonly padTo?: number;
}

type Sequence = { readonly ids: Int32Array };

/** Pads sequences to the longest of them, or to `padTo`. */
export function padTokens(sequences: readonly Sequence[], { padId, padTo = 0 }: PaddingOptions): PaddedTokens {
  const b = sequences.length;
  const t = Math.max(padTo, longest(sequences));
  const inputIds = new Int32Array(b * t).fill(padId);
  const attentionMask = new Int32Array(b * t);
  for (const [i, { ids }] of sequences.entries()) {
    inputIds.set(ids, i * t);
    attentionMask.fill(1, i * t, i * t + ids.length);
  }
  return { inputIds, attentionMask, shape: [b, t] };
}

/** Fails where there is nothing to pad, or a sequence is longer than what it is to be padded to. */
export function checkPadding(sequences: readonly Sequence[], { padTo }: PaddingOptions): void {
  if (sequences.length === 0) throw new Error('[peftjs/data] there are no sequences to batch: the data is empty');
  const most = longest(sequences);
  if (padTo !== undefined && (!Number.isInteger(padTo) || padTo < most)) {
    throw new Error(`[peftjs/data] padTo is ${padTo}, and the longest sequence has ${most} tokens: give that or more`);
  }
}

function longest(sequences: readonly Sequence[]): number {
  return sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);
}
