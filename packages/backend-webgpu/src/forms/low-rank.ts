// LowRank: each term goes through its rank and is added to the sum in one dispatch each.
import { type Form, type Kernel, kernel, type LowRankAttrs, type LowRankInputs, lowRank } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { once } from '../once.ts';
import type { Runtime } from '../runtime.ts';
import { runProduct } from '../wgsl/product.ts';

export function lowRankKernel(r: Runtime): Kernel {
  const form: Form<LowRankInputs, LowRankAttrs> = {
    forward(inputs, { scales }) {
      const { y, x } = inputs;
      const [i, o] = [x.shape.at(-1) as number, y.shape.at(-1) as number];
      const n = x.size / i;
      const saved = [x];
      let out = y;
      for (const [k, scale] of scales.entries()) {
        const [a, b] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor];
        const rank = a.shape[0] as number;
        const h = r.tensor([n, rank]);
        const next = r.tensor(y.shape);
        runProduct(r, { of: x, columns: i }, { of: a, columns: i, turned: true }, h, [n, rank, i], { scale });
        const onto = { onto: out };
        runProduct(r, { of: h, columns: rank }, { of: b, columns: rank, turned: true }, next, [n, o, rank], onto);
        if (out !== y) out.dispose();
        out = next;
        saved.push(a, b, h);
      }
      return { out, saved };
    },
    grad(dy, [input, ...saved], { scales }) {
      const x = input as Tensor;
      const [i, o] = [x.shape.at(-1) as number, dy.shape.at(-1) as number];
      const n = x.size / i;
      const terms = scales.map((scale, k) => {
        const [a, b, h] = saved.slice(3 * k) as [Tensor, Tensor, Tensor];
        const rank = a.shape[0] as number;
        const dh = once(() => {
          const d = r.tensor([n, rank]);
          runProduct(r, { of: dy, columns: o }, { of: b, columns: rank }, d, [n, rank, o], { scale });
          return d;
        });
        return { a, b, h, rank, dh };
      });
      const closures: Record<string, () => Tensor> = {
        y: () => dy,
        x: () =>
          terms.reduce<Tensor | undefined>((onto, { a, rank, dh }) => {
            const dx = r.tensor(x.shape);
            const left = { of: dh(), columns: rank };
            runProduct(r, left, { of: a, columns: i }, dx, [n, i, rank], onto ? { onto } : {});
            onto?.dispose();
            return dx;
          }, undefined) as Tensor,
      };
      for (const [k, { a, b, h, rank, dh }] of terms.entries()) {
        closures[`a${k}`] = () => {
          const da = r.tensor(a.shape);
          runProduct(r, { of: dh(), columns: rank, turned: true }, { of: x, columns: i }, da, [rank, i, n]);
          return da;
        };
        closures[`b${k}`] = () => {
          const db = r.tensor(b.shape);
          runProduct(r, { of: dy, columns: o, turned: true }, { of: h, columns: rank }, db, [o, rank, n]);
          return db;
        };
      }
      return closures;
    },
  };
  return kernel(lowRank, form);
}
