// Where each token stands in its row.
import type { TokenInput } from './token-input.ts';

/** Padding in front of each row. */
export function paddingOf({ attentionMask, shape: [b, t] }: TokenInput): readonly number[] {
  return Array.from({ length: b }, (_, row) => Math.max(0, attentionMask.subarray(row * t, (row + 1) * t).indexOf(1)));
}

/** Positions counted from the first token that is not padding; those before it have none, and get 0. */
export function positionsOf({ shape: [b, t] }: TokenInput, past: number, padding: readonly number[]): Int32Array {
  return Int32Array.from({ length: b * t }, (_, k) =>
    Math.max(0, past + (k % t) - (padding[Math.floor(k / t)] as number)),
  );
}
