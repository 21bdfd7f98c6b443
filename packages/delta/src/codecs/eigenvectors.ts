// Eigenvalues and vectors of a small symmetric matrix.
import { eigen } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

interface EigenKernels extends KernelMemory {
  /** What assembly/eigen.ts exports. */
  eigen(lower: number, q: number, out: number, values: number): void;
}

export interface Eigenvectors {
  /** [q], in no order. */
  readonly values: Float64Array;
  /** [q, q], in rows. Both are gone when others are asked for. */
  readonly vectors: Float64Array;
}

let kernels: EigenKernels | null = null;

/** @param lower the lower half of a matrix [q, q] without values below 0; q is a multiple of 4 */
export function eigenvectors(lower: Float64Array, q: number): Eigenvectors {
  kernels ??= startKernels<EigenKernels>(eigen);
  const [from, out, values] = kernels.areas(8 * q * q, 16 * q * (q + 2), 8 * q) as [number, number, number];
  kernels.doubles(from, q * q).set(lower);
  kernels.eigen(from, q, out, values);
  return { values: kernels.doubles(values, q), vectors: kernels.doubles(out, q * q) };
}
