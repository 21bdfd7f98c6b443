// Rows of a table by index, with a gradient that every backend can compute.
import { cast, gather, matMul, oneHot, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type Form, type FusedOp, fusedOp } from '../fused-op.ts';
import { rowsOf } from './low-rank.ts';

/** `table` [v, d]; `ids` int32 of any shape. */
export type LookupInputs = { readonly table: Tensor; readonly ids: Tensor };
export interface LookupAttrs {
  /** Rows of the table. */
  readonly rows: number;
}

const reference: Form<LookupInputs, LookupAttrs> = {
  forward: ({ table, ids }) => ({ out: gather(table, ids), saved: [ids] }),
  grad(dy, saved, { rows }) {
    const [ids] = saved as [Tensor];
    return { table: () => matMul(cast(oneHot(cast(reshape(ids, [-1]), 'int32'), rows), 'float32'), rowsOf(dy), true) };
  },
};

const op: FusedOp<LookupInputs, LookupAttrs> = fusedOp('Lookup', reference);

/** table[ids], [..., d]. */
export function lookup(table: Tensor, ids: Tensor): Tensor {
  return op({ table, ids }, { rows: table.shape[0] as number });
}

/** For backends: the op that `lookup` calls. */
export const lookupOp: FusedOp<LookupInputs, LookupAttrs> = op;
