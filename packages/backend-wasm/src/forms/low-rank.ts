// LowRank on our kernels: each term is added onto the sum where it lies.
import { type Form, type Kernel, kernel, type LowRankAttrs, type LowRankInputs, lowRank } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { once } from '../once.ts';
import { matrix, product } from '../repairs/mat-mul.ts';
import type { Runtime } from '../runtime.ts';

export function lowRankKernel(r: Runtime): Kernel {
  /** C = A B or C += A B for contiguous matrices, either of A and B transposed. */
  const multiply = (
    a: Tensor,
    ta: boolean,
    b: Tensor,
    tb: boolean,
    c: Tensor,
    sizes: readonly [number, number, number],
    add: boolean,
  ): void => {
    const [m, n, k] = sizes;
    const A = matrix(r.at(a), ta ? m : k, ta);
    const B = matrix(r.at(b), tb ? k : n, tb);
    if (add) r.run.gemm(A.at, A.rs, A.cs, B.at, B.rs, B.cs, r.at(c), n * 4, m, n, k, 1);
    else product(r, A, B, r.at(c), m, n, k);
  };
  const form: Form<LowRankInputs, LowRankAttrs> = {
    forward(inputs, { scales }) {
      const { y, x } = inputs;
      const [i, o] = [x.shape.at(-1) as number, y.shape.at(-1) as number];
      const n = x.size / i;
      const out = r.copy(y);
      const down = scales.map((scale, k) => {
        const [a, b] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor];
        const rank = a.shape[0] as number;
        const h = r.tensor([n, rank]);
        multiply(x, false, a, true, h, [n, rank, i], false);
        r.run.scale(r.at(h), h.size, scale);
        multiply(h, false, b, true, out, [n, o, rank], true);
        return h;
      });
      const factors = scales.flatMap((_, k) => [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor]);
      return { out, saved: [x, ...factors, ...down] };
    },
    grad(dy, saved, { scales }) {
      const x = saved[0] as Tensor;
      const [i, o] = [x.shape.at(-1) as number, dy.shape.at(-1) as number];
      const n = x.size / i;
      const terms = scales.map((scale, k) => {
        const [a, b, h] = [saved[1 + 2 * k], saved[2 + 2 * k], saved[1 + 2 * scales.length + k]] as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const rank = a.shape[0] as number;
        const dh = once(() => {
          const d = r.tensor([n, rank]);
          multiply(dy, false, b, false, d, [n, rank, o], false);
          r.run.scale(r.at(d), d.size, scale);
          return d;
        });
        return { a, b, h, rank, dh };
      });
      const closures: Record<string, () => Tensor> = {
        y: () => dy,
        x: () => {
          const dx = r.tensor(x.shape);
          for (const [k, { a, rank, dh }] of terms.entries()) multiply(dh(), false, a, false, dx, [n, i, rank], k > 0);
          return dx;
        },
      };
      for (const [k, { a, b, h, rank, dh }] of terms.entries()) {
        closures[`a${k}`] = () => {
          const da = r.tensor(a.shape);
          multiply(dh(), true, x, false, da, [rank, i, n], false);
          return da;
        };
        closures[`b${k}`] = () => {
          const db = r.tensor(b.shape);
          multiply(dy, true, h, false, db, [o, rank, n], false);
          return db;
        };
      }
      return closures;
    },
  };
  return kernel(lowRank, form);
}
