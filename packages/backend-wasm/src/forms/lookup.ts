// Lookup on our kernels: rows copied, and their gradients added up in place.
import { type Form, type Kernel, kernel, type LookupAttrs, type LookupInputs, lookupOp } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function lookupKernel(r: Runtime): Kernel {
  const form: Form<LookupInputs, LookupAttrs> = {
    forward({ table, ids }) {
      const [rows, d] = table.shape as [number, number];
      const out = r.tensor([...ids.shape, d]);
      r.run.gatherRows(r.at(table), r.at(ids), r.at(out), 1, ids.size, rows, d * 4);
      return { out, saved: [ids] };
    },
    grad(dy, saved, { rows }) {
      const [ids] = saved as [Tensor];
      const d = dy.shape.at(-1) as number;
      return {
        table: () => {
          const table = r.zeros([rows, d]);
          r.run.scatterRows(r.at(dy), r.at(ids), r.at(table), ids.size, rows, d);
          return table;
        },
      };
    },
  };
  return kernel(lookupOp, form);
}
