// A layer's own variable as a weight [o, i], in whatever order the layer keeps it.
import { engine, lookup, rowsOf } from '@peftjs/backend';
import type { Weight } from '@peftjs/core';
import { clone, matMul, reshape, type Tensor, transpose, type Variable, variable } from '@tensorflow/tfjs-core';

/** How a kind of layer keeps its matrix. */
export interface Layout {
  /** To [o, i]. */
  readonly toRows: (kept: Tensor) => Tensor;
  /** From [o, i], to the given shape. */
  readonly fromRows: (rows: Tensor, shape: readonly number[]) => Tensor;
  /** x [n, i] times the matrix's transpose, without it being turned first where that can be. */
  readonly multiply: (rows: Tensor, kept: Tensor) => Tensor;
}

/** [i, o] */
export const denseLayout: Layout = {
  toRows: (kept) => transpose(kept),
  fromRows: (rows) => transpose(rows),
  multiply: (x, kept) => matMul(x, kept),
};

/** [v, d], as a weight has it. */
export const tableLayout: Layout = {
  toRows: (kept) => clone(kept),
  fromRows: (rows) => clone(rows),
  multiply: (x, kept) => matMul(x, kept, false, true),
};

const filterRows = (kept: Tensor): Tensor => {
  const [kh, kw, i, o] = kept.shape as [number, number, number, number];
  return reshape(transpose(kept, [3, 2, 0, 1]), [o, i * kh * kw]);
};

/** [kh, kw, i, o]; the weight is [o, i kh kw]. */
export const filterLayout: Layout = {
  toRows: filterRows,
  fromRows: (rows, [kh, kw, i, o]) =>
    transpose(reshape(rows, [o as number, i as number, kh as number, kw as number]), [2, 3, 1, 0]),
  multiply: (x, kept) => matMul(x, filterRows(kept), false, true),
};

export interface LayerWeight extends Weight {
  /** As the layer keeps it. */
  readonly kept: Variable;
}

/** The weight that `kept` holds. It is the owner from now on. */
export function layerWeight(kept: Variable, layout: Layout): LayerWeight {
  const outDim = (layout === tableLayout ? kept.shape[0] : kept.shape.at(-1)) as number;
  return {
    kept,
    outDim,
    inDim: kept.size / outDim,
    bytes: 4 * kept.size,
    matMul: (x) => reshape(layout.multiply(rowsOf(x), kept), [...x.shape.slice(0, -1), outDim]),
    rows: (ids) => lookup(layout === tableLayout ? kept : layout.toRows(kept), ids),
    read: () => engine().tidy(() => layout.toRows(kept)),
    encode: (dense) => {
      const held = engine().tidy(() => variable(layout.fromRows(dense, kept.shape), false));
      return layerWeight(held, layout);
    },
    dispose: () => kept.dispose(),
  };
}
