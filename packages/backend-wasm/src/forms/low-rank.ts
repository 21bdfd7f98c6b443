// LowRank and LowRankRows on our kernels: each term is added onto the sum where it lies, in all rows or in its own.
import {
  type Form,
  type Kernel,
  kernel,
  type LowRankAttrs,
  type LowRankInputs,
  type LowRankRowsAttrs,
  lowRank,
  lowRankRows,
  once,
} from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { matrix, product } from '../repairs/mat-mul.ts';
import type { Runtime } from '../runtime.ts';

type Rows = LowRankRowsAttrs['rows'];

/** @param rowsOf the rows of each term, of `n` in all */
function makeForm<A extends LowRankAttrs>(r: Runtime, rowsOf: (attrs: A, n: number) => Rows): Form<LowRankInputs, A> {
  /** C = A B or C += A B for contiguous matrices that lie at `a`, `b` and `c`, either of A and B transposed. */
  const multiply = (
    a: number,
    ta: boolean,
    b: number,
    tb: boolean,
    c: number,
    sizes: readonly [number, number, number],
    add: boolean,
  ): void => {
    const [m, n, k] = sizes;
    const A = matrix(a, ta ? m : k, ta);
    const B = matrix(b, tb ? k : n, tb);
    if (add) r.run.gemm(A.at, A.rs, A.cs, B.at, B.rs, B.cs, c, n * 4, m, n, k, 1);
    else product(r, A, B, c, m, n, k);
  };
  /** Where a row of a matrix of so many columns lies. */
  const rowAt = (x: Tensor, row: number, columns: number): number => r.at(x) + row * columns * 4;
  return {
    forward(inputs, attrs) {
      const { y, x } = inputs;
      const { scales } = attrs;
      const [i, o] = [x.shape.at(-1) as number, y.shape.at(-1) as number];
      const rows = rowsOf(attrs, x.size / i);
      const out = r.copy(y);
      const down = scales.map((scale, k) => {
        const [a, b] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor];
        const [from, to] = rows[k] as Rows[number];
        const [n, rank] = [to - from, a.shape[0] as number];
        const h = r.tensor([n, rank]);
        multiply(rowAt(x, from, i), false, r.at(a), true, r.at(h), [n, rank, i], false);
        r.run.scale(r.at(h), h.size, scale);
        multiply(r.at(h), false, r.at(b), true, rowAt(out, from, o), [n, o, rank], true);
        return h;
      });
      const factors = scales.flatMap((_, k) => [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor]);
      return { out, saved: [x, ...factors, ...down] };
    },
    grad(dy, saved, attrs) {
      const { scales } = attrs;
      const x = saved[0] as Tensor;
      const [i, o] = [x.shape.at(-1) as number, dy.shape.at(-1) as number];
      const all = x.size / i;
      const rows = rowsOf(attrs, all);
      const terms = scales.map((scale, k) => {
        const [a, b, h] = [saved[1 + 2 * k], saved[2 + 2 * k], saved[1 + 2 * scales.length + k]] as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const [from, to] = rows[k] as Rows[number];
        const [n, rank] = [to - from, a.shape[0] as number];
        const dh = once(() => {
          const d = r.tensor([n, rank]);
          multiply(rowAt(dy, from, o), false, r.at(b), false, r.at(d), [n, rank, o], false);
          r.run.scale(r.at(d), d.size, scale);
          return d;
        });
        return { a, b, h, n, from, rank, dh };
      });
      const closures: Record<string, () => Tensor> = {
        y: () => dy,
        x: () => {
          const whole = terms[0]?.n === all;
          const dx = whole ? r.tensor(x.shape) : r.zeros(x.shape);
          for (const [k, { a, n, from, rank, dh }] of terms.entries()) {
            const d = dh();
            multiply(r.at(d), false, r.at(a), false, rowAt(dx, from, i), [n, i, rank], k > 0 || !whole);
          }
          return dx;
        },
      };
      for (const [k, { a, b, h, n, from, rank, dh }] of terms.entries()) {
        closures[`a${k}`] = () => {
          const [d, da] = [dh(), r.tensor(a.shape)];
          multiply(r.at(d), true, rowAt(x, from, i), false, r.at(da), [rank, i, n], false);
          return da;
        };
        closures[`b${k}`] = () => {
          const db = r.tensor(b.shape);
          multiply(rowAt(dy, from, o), true, r.at(h), false, r.at(db), [o, rank, n], false);
          return db;
        };
      }
      return closures;
    },
  };
}

export function lowRankKernels(r: Runtime): readonly Kernel[] {
  return [
    kernel(
      lowRank,
      makeForm(r, ({ scales }, n) => scales.map(() => [0, n] as const)),
    ),
    kernel(
      lowRankRows,
      makeForm(r, ({ rows }) => rows),
    ),
  ];
}
