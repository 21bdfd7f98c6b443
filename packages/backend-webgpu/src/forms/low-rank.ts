// LowRank and LowRankRows: each term goes through its rank and is added to the sum in one dispatch each, in all rows or in
// its own.
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
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { runProduct } from '../wgsl/product.ts';

type Rows = LowRankRowsAttrs['rows'];

const LANES = 256;

const begin = {
  name: 'begin-sum',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  numbers: { size: 'u32', scale: 'f32' },
  body: `${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i >= p.size) { return; }
  y[i] = 0.0;
  if (p.scale != 0.0) { y[i] = x[i]; }
}`,
} as const satisfies Shader;

/** @param rowsOf the rows of each term, of `n` in all */
function makeForm<A extends LowRankAttrs>(r: Runtime, rowsOf: (attrs: A, n: number) => Rows): Form<LowRankInputs, A> {
  /** A tensor of x's shape that terms are added to: x itself once more, or zeros. */
  const sumOf = (x: Tensor, scale: 0 | 1): Tensor => {
    const y = r.tensor(x.shape);
    r.run(begin, { x, y }, { size: x.size, scale }, Math.ceil(x.size / LANES));
    return y;
  };
  return {
    forward(inputs, attrs) {
      const { y, x } = inputs;
      const [i, o] = [x.shape.at(-1) as number, y.shape.at(-1) as number];
      const all = x.size / i;
      const rows = rowsOf(attrs, all);
      const whole = isWhole(rows[0], all);
      const out = whole ? r.tensor(y.shape) : sumOf(y, 1);
      const saved = [x];
      for (const [k, scale] of attrs.scales.entries()) {
        const [a, b, [from, to]] = [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor, rows[k] as Rows[number]];
        const [n, rank] = [to - from, a.shape[0] as number];
        const h = r.tensor([n, rank]);
        const onto = whole && k === 0 ? y : 'y';
        runProduct(r, { of: x, columns: i, from }, { of: a, columns: i, turned: true }, h, [n, rank, i], { scale });
        runProduct(r, { of: h, columns: rank }, { of: b, columns: rank, turned: true }, out, [n, o, rank], {
          onto,
          to: from,
        });
        saved.push(a, b, h);
      }
      return { out, saved };
    },
    grad(dy, [input, ...saved], attrs) {
      const x = input as Tensor;
      const [i, o] = [x.shape.at(-1) as number, dy.shape.at(-1) as number];
      const all = x.size / i;
      const rows = rowsOf(attrs, all);
      const terms = attrs.scales.map((scale, k) => {
        const [a, b, h] = saved.slice(3 * k) as [Tensor, Tensor, Tensor];
        const [from, to] = rows[k] as Rows[number];
        const [n, rank] = [to - from, a.shape[0] as number];
        const dh = once(() => {
          const d = r.tensor([n, rank]);
          runProduct(r, { of: dy, columns: o, from }, { of: b, columns: rank }, d, [n, rank, o], { scale });
          return d;
        });
        return { a, b, h, n, from, rank, dh };
      });
      const closures: Record<string, () => Tensor> = {
        y: () => dy,
        x: () => {
          const whole = isWhole(rows[0], all);
          const dx = whole ? r.tensor(x.shape) : sumOf(x, 0);
          for (const [k, { a, n, from, rank, dh }] of terms.entries()) {
            const onto = whole && k === 0 ? {} : { onto: 'y' as const };
            const left = { of: dh(), columns: rank };
            runProduct(r, left, { of: a, columns: i }, dx, [n, i, rank], { ...onto, to: from });
          }
          return dx;
        },
      };
      for (const [k, { a, b, h, n, from, rank, dh }] of terms.entries()) {
        closures[`a${k}`] = () => {
          const da = r.tensor(a.shape);
          runProduct(r, { of: dh(), columns: rank, turned: true }, { of: x, columns: i, from }, da, [rank, i, n]);
          return da;
        };
        closures[`b${k}`] = () => {
          const db = r.tensor(b.shape);
          runProduct(r, { of: dy, columns: o, turned: true, from }, { of: h, columns: rank }, db, [o, rank, n]);
          return db;
        };
      }
      return closures;
    },
  };
}

function isWhole(rows: Rows[number] | undefined, all: number): boolean {
  return rows !== undefined && rows[0] === 0 && rows[1] === all;
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
