// What the kernels of attention share: the sizes, and the score of a query and a key.

import type { Scalar, Shader } from '../shader.ts';

/** Lanes of a workgroup; also how many keys or queries it takes at a time. */
export const LANES = 64;
/** Numbers of a head that a lane can hold its part of. */
export const WIDEST = 256;

/** q, y and dy [b, t, h, f], k and v [b, s, g, f], mask [b, s]. */
export const NUMBERS: Readonly<Record<'b' | 't' | 's' | 'h' | 'g' | 'f' | 'causal' | 'scale', Scalar>> = {
  b: 'u32',
  t: 'u32',
  s: 'u32',
  h: 'u32',
  g: 'u32',
  f: 'u32',
  causal: 'u32',
  scale: 'f32',
};

export type AttentionShader<R extends string, W extends string> = Shader<R, W, keyof typeof NUMBERS>;

/**
 * WGSL: `score(entry, i, j, queryAt, keyAt)`, of query i and key j of one entry of the batch, whose numbers begin there. What
 * must not be seen is far below, and further where both causes meet, so that a query without keys sees the mean of the nearest.
 */
export const score: string = `
const hidden = -1e9;
fn score(entry: u32, i: u32, j: u32, queryAt: u32, keyAt: u32) -> f32 {
  var dot = 0.0;
  for (var n = 0u; n < p.f; n++) { dot += q[queryAt + n] * k[keyAt + n]; }
  var bias = (1.0 - mask[entry * p.s + j]) * hidden;
  if (p.causal == 1u && j + p.t > i + p.s) { bias += hidden; }
  return dot * p.scale + bias;
}`;
