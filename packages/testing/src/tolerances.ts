// The one table of tolerances: the most that a float32 backend may differ from the reference, as max |a - b| / max(1, max |b|).

export const TOLERANCES = {
  /** Outputs of a model, with and without an adapter. */
  logits: 1e-4,
  loss: 1e-4,
  gradient: 1e-3,
  /** Losses along three optimizer steps. */
  losses: 1e-3,
  /** Outputs after three optimizer steps, merged or not. */
  afterSteps: 5e-3,
  /** A kernel's value against the op's reference form on the same backend. */
  kernel: 1e-5,
  /** Its gradient. */
  kernelGradient: 1e-4,
  /** A gradient against differences of float32 values, where there is nothing better. */
  finiteDifference: 1e-2,
} as const;

export type ToleranceName = keyof typeof TOLERANCES;

/** max |a - b| / max(1, max |b|); infinite where lengths differ or a number is none. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let off = 0;
  let size = 1;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(difference <= off)) off = Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY;
    size = Math.max(size, Math.abs(expected[i] as number));
  }
  return off / size;
}
