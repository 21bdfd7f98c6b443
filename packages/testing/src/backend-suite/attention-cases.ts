// Attention with and without causality, over every kind of padding, with more keys than queries and with fewer.
import { type AttentionAttrs, attention, type FusedOp } from '@peftjs/backend';
import { exactAttention } from './exact-ops.ts';
import type { FusedCase } from './fused-case.ts';
import { floats, gaussian, type Numbers } from './numbers.ts';

/** `prefix`: three keys that every query sees, then padding on the left. */
type Mask = 'whole' | 'left' | 'right' | 'ragged' | 'prefix' | 'none';

function maskOf(kind: Mask, b: number, s: number): Numbers {
  const keys: Record<Mask, (entry: number, key: number) => boolean> = {
    whole: () => true,
    left: (entry, key) => key >= Math.min(entry, s - 1),
    right: (entry, key) => key < Math.max(1, s - entry * 2),
    ragged: (_, key) => key === 0 || key % 3 !== 1,
    prefix: (entry, key) => key < 3 || key >= 3 + entry,
    none: () => false,
  };
  const values = Array.from({ length: b * s }, (_, i) => Number(keys[kind](Math.floor(i / s), i % s)));
  return floats(values, b, s);
}

type Sizes = readonly [b: number, t: number, s: number, h: number, g: number, f: number];

function attend([b, t, s, h, g, f]: Sizes, causal: boolean, kind: Mask): FusedCase {
  const attrs: AttentionAttrs = { causal, scale: 1 / Math.sqrt(f) };
  return {
    title: `${causal ? 'causal ' : ''}[${b}, ${t}, ${h}, ${f}] over ${s} keys of ${g} heads, ${kind} mask`,
    op: attention as unknown as FusedOp,
    exact: exactAttention,
    inputs: {
      q: gaussian(1, b, t, h, f),
      k: gaussian(2, b, s, g, f),
      v: gaussian(3, b, s, g, f),
      mask: maskOf(kind, b, s),
    },
    attrs,
    flat: kind === 'none' || (causal && kind === 'left'),
  };
}

export const attentionCases: readonly FusedCase[] = [
  ...([false, true] as const).flatMap((causal) =>
    (['whole', 'right', 'ragged', 'left'] as const).flatMap((mask) => [
      attend([1, 1, 1, 1, 1, 1], causal, mask),
      attend([2, 3, 3, 2, 1, 5], causal, mask),
      attend([2, 1, 130, 6, 2, 8], causal, mask),
      attend([3, 17, 17, 3, 3, 3], causal, mask),
      attend([2, 5, 17, 4, 2, 17], causal, mask),
    ]),
  ),
  attend([1, 130, 130, 2, 1, 4], false, 'ragged'),
  attend([3, 17, 130, 3, 1, 17], false, 'right'),
  attend([2, 130, 17, 2, 2, 3], false, 'left'),
  ...[1, 3, 17].map((t) => attend([3, t, t + 3, 4, 2, 5], true, 'prefix')),
  attend([2, 130, 133, 2, 1, 5], true, 'prefix'),
  attend([3, 17, 20, 3, 3, 17], false, 'prefix'),
  attend([1, 130, 130, 2, 1, 4], true, 'right'),
  attend([2, 3, 5, 2, 1, 4], false, 'none'),
  attend([2, 3, 5, 2, 1, 4], true, 'none'),
];
