// Rows of a product of two factors, u [o, r] and v [r, i].
import type { ReadRows } from './additive.ts';

export interface Factors {
  readonly rank: number;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** Sums run over r from the first on, rounded to float32 after every four terms: the same everywhere. */
export function productRows({ rank, u, v }: Factors, columns: number): ReadRows {
  return async (begin, end) => {
    const values = new Float32Array((end - begin) * columns);
    for (let row = begin; row < end; row++) {
      const out = values.subarray((row - begin) * columns, (row - begin + 1) * columns);
      for (let r = 0; r < rank; r += 4) {
        const [a, b, c, d] = [0, 1, 2, 3].map((k) => (r + k < rank ? (u[row * rank + r + k] as number) : 0)) as [
          number,
          number,
          number,
          number,
        ];
        const [p, q, s, t] = [0, 1, 2, 3].map((k) => Math.min(r + k, rank - 1) * columns) as [
          number,
          number,
          number,
          number,
        ];
        for (let i = 0; i < columns; i++)
          out[i] =
            (out[i] as number) +
            a * (v[p + i] as number) +
            b * (v[q + i] as number) +
            c * (v[s + i] as number) +
            d * (v[t + i] as number);
      }
    }
    return values;
  };
}
