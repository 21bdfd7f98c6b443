// Rows of a packed matrix as float32: numbers as bits, so that each is what it is elsewhere.
import { type Kernel, kernel, type PackedRowsForm, packedRows } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { type Codes, codeNumbers, oncePerCodes } from '../wgsl/codes.ts';

const LANES = 256;

/** @param byId whether the rows are named by `ids`; all of them in order otherwise */
const rows = ({ key, reads, numbers, decode }: Codes, byId: boolean): Shader<string, 'y'> => ({
  name: `packed-${key}-rows${byId ? '-by-id' : ''}`,
  reads: { ...(byId && { ids: 'i32' as const }), ...reads },
  writes: { y: 'u32' },
  numbers: { size: 'u32', d: 'u32', ...numbers },
  body: `${decode}
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;
  if (i < p.size) { y[i] = bitsAt(${byId ? 'u32(ids[i / p.d])' : 'i / p.d'}, i % p.d); }
}`,
});

export function packedRowsKernel(r: Runtime): Kernel {
  const shadersOf = oncePerCodes((codes) => ({ all: rows(codes, false), byId: rows(codes, true) }));
  const form: PackedRowsForm = (matrix, ids) => {
    const { packing, outDim, inDim: d, tensors } = matrix;
    const { all, byId } = shadersOf(packing);
    const y = r.tensor([...(ids?.shape ?? [outDim]), d]);
    const numbers = { size: y.size, d, ...codeNumbers(matrix) };
    const groups = Math.ceil(y.size / LANES);
    if (ids === undefined) r.run(all, { y, ...tensors }, numbers, groups);
    else r.run(byId, { y, ids, ...tensors }, numbers, groups);
    return y;
  };
  return kernel(packedRows, form);
}
