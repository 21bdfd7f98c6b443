// The gradient of a lookup adds rows where they belong, where the reference multiplies by a one-hot matrix.
import { type Form, type Kernel, kernel, type LookupAttrs, type LookupInputs, lookupOp } from '@peftjs/backend';
import { reshape, type Tensor, unsortedSegmentSum } from '@tensorflow/tfjs-core';

const form: Form<LookupInputs, LookupAttrs> = {
  forward: lookupOp.reference.forward,
  grad(dy, saved, { rows }) {
    const [ids] = saved as [Tensor];
    const d = dy.shape.at(-1) as number;
    return { table: () => unsortedSegmentSum(reshape(dy, [-1, d]), reshape(ids, [-1]), rows) };
  },
};

export const lookupKernel: Kernel = kernel(lookupOp, form);
