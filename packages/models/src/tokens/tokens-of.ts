// The tokens of a pass as plain numbers, with those before it.
import type { Tokens } from '@peftjs/core';
import type { TokenInput } from './token-input.ts';

/** @param before the tokens in the cache */
export function tokensOf({ inputIds, attentionMask, shape: [b, t], tasks }: TokenInput, before?: Tokens): Tokens {
  const past = before?.shape[1] ?? 0;
  const s = past + t;
  const join = (old: Int32Array | undefined, fresh: Int32Array) => {
    if (old === undefined) return fresh;
    const all = new Int32Array(b * s);
    for (let row = 0; row < b; row++) {
      all.set(old.subarray(row * past, (row + 1) * past), row * s);
      all.set(fresh.subarray(row * t, (row + 1) * t), row * s + past);
    }
    return all;
  };
  const kinds = tasks ?? before?.tasks;
  return {
    ids: join(before?.ids, inputIds),
    mask: join(before?.mask, attentionMask),
    shape: [b, s],
    past,
    ...(kinds && { tasks: kinds }),
  };
}
