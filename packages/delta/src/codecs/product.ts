// Rows of a product of two factors, u [o, r] and v [r, i].

import { floatsIn } from '../numbers.ts';
import type { Room } from '../room.ts';
import type { ReadRows } from './additive.ts';
import { gather, giveBack, spread, strideOf, takeKernels } from './low-rank-kernels.ts';

export interface Factors {
  readonly rank: number;
  /** Its rows from `begin` up to `end`. */
  readonly u: (begin: number, end: number) => Float32Array;
  readonly v: Float32Array;
}

/** Sums run over r from the first on, each product and each sum rounded to float32: the same everywhere. */
export function productRows({ rank, u, v }: Factors, columns: number, room: Room): ReadRows {
  const stride = strideOf(columns);
  return async (begin, end) => {
    const count = end - begin;
    const rows = count + (count & 1);
    const kernels = takeKernels();
    const [left, right, out] = kernels.areas(4 * rows * rank, 4 * rank * stride, 4 * rows * stride) as [
      number,
      number,
      number,
    ];
    kernels.floats(left, rows * rank).set(u(begin, end));
    spread(v, columns, kernels.floats(right, rank * stride));
    kernels.multiply(left, rows, rank, rank, right, stride, stride, out, false);
    const values = floatsIn(room(4 * count * columns));
    gather(kernels.floats(out, rows * stride), columns, values);
    giveBack(kernels);
    return values;
  };
}
