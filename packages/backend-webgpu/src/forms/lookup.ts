// Lookup: rows copied, and each row's gradient added up by the one workgroup that writes it.
import { type Form, type Kernel, kernel, type LookupAttrs, type LookupInputs, lookupOp } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';

const LANES = 64;

const copyRows = {
  name: 'lookup',
  reads: { table: 'f32', ids: 'i32' },
  writes: { y: 'f32' },
  numbers: { n: 'u32', rows: 'u32', d: 'u32' },
  body: `${entry(LANES)} {
  let at = groupIndex(group, groups);
  if (at >= p.n) { return; }
  let row = u32(ids[at]);
  for (var i = lane; i < p.d; i += ${LANES}) {
    y[at * p.d + i] = 0.0;
    if (row < p.rows) { y[at * p.d + i] = table[row * p.d + i]; }
  }
}`,
} as const satisfies Shader;

const addRows = {
  name: 'lookup-grad',
  reads: { dy: 'f32', ids: 'i32' },
  writes: { dtable: 'f32' },
  numbers: { n: 'u32', rows: 'u32', d: 'u32' },
  body: `${entry(LANES)} {
  let row = groupIndex(group, groups);
  if (row >= p.rows) { return; }
  for (var i = lane; i < p.d; i += ${LANES}) {
    var sum = 0.0;
    for (var at = 0u; at < p.n; at++) {
      if (u32(ids[at]) == row) { sum += dy[at * p.d + i]; }
    }
    dtable[row * p.d + i] = sum;
  }
}`,
} as const satisfies Shader;

export function lookupKernel(r: Runtime): Kernel {
  const form: Form<LookupInputs, LookupAttrs> = {
    forward({ table, ids }) {
      const [rows, d] = table.shape as [number, number];
      const y = r.tensor([...ids.shape, d]);
      r.run(copyRows, { table, ids, y }, { n: ids.size, rows, d }, ids.size);
      return { out: y, saved: [ids] };
    },
    grad(dy, saved, { rows }) {
      const [ids] = saved as [Tensor];
      const d = dy.shape.at(-1) as number;
      return {
        table: () => {
          const dtable = r.tensor([rows, d]);
          r.run(addRows, { dy, ids, dtable }, { n: ids.size, rows, d }, rows);
          return dtable;
        },
      };
    },
  };
  return kernel(lookupOp, form);
}
