// Rows of a packed matrix as float32, and a float32 matrix packed: numbers as bits, so that each is what it is elsewhere.
import { type Kernel, kernel, type PackedRowsForm, type PackForm, pack, packedRows } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import type { Shader } from '../shader.ts';
import { CODES, type Codes } from '../wgsl/codes.ts';

const LANES = 256;

const MAIN = `
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = groupIndex(group, groups) * ${LANES} + lane;`;

type RowsShader = Shader<string, 'y', 'size' | 'd' | 'stride'>;

/** @param byId whether the rows are named by `ids`; all of them in order otherwise */
const rows = (name: string, { reads, decode }: Codes, byId: boolean): RowsShader => ({
  name: `packed-${name}-rows${byId ? '-by-id' : ''}`,
  reads: { ...(byId && { ids: 'i32' as const }), ...reads },
  writes: { y: 'u32' },
  numbers: { size: 'u32', d: 'u32', stride: 'u32' },
  body: `${decode}${MAIN}
  if (i < p.size) { y[i] = bitsAt(${byId ? 'u32(ids[i / p.d])' : 'i / p.d'}, i % p.d); }
}`,
});

type PackShader = Shader<'dense', 'codes', 'rows' | 'd' | 'stride'>;

const packed = (name: string, { encode, perWord }: Codes): PackShader => ({
  name: `pack-${name}`,
  reads: { dense: 'u32' },
  writes: { codes: 'u32' },
  numbers: { rows: 'u32', d: 'u32', stride: 'u32' },
  body: `${encode}${MAIN}
  if (i >= p.rows * p.stride) { return; }
  let row = i / p.stride;
  let first = i % p.stride * ${perWord};
  var word = 0u;
  for (var k = 0u; k < ${perWord}; k++) {
    if (first + k < p.d) { word |= codeOf(dense[row * p.d + first + k]) << (k * ${32 / perWord}); }
  }
  codes[i] = word;
}`,
});

export function packedRowsKernels(r: Runtime): readonly Kernel[] {
  const shaders = new Map(
    Object.entries(CODES).map(([name, codes]) => [
      name,
      { all: rows(name, codes, false), byId: rows(name, codes, true), pack: packed(name, codes) },
    ]),
  );
  const shadersOf = (name: string) => {
    const own = shaders.get(name);
    if (own !== undefined) return own;
    throw new Error(`[peftjs/backend-webgpu] no shader decodes "${name}"; use float32 weights`);
  };
  const rowsForm: PackedRowsForm = ({ packing, outDim, inDim: d, tensors }, ids) => {
    const { all, byId } = shadersOf(packing.name);
    const y = r.tensor([...(ids?.shape ?? [outDim]), d]);
    const numbers = { size: y.size, d, stride: tensors.codes.shape[1] as number };
    const groups = Math.ceil(y.size / LANES);
    if (ids === undefined) r.run(all, { y, ...tensors }, numbers, groups);
    else r.run(byId, { y, ids, ...tensors }, numbers, groups);
    return y;
  };
  const packForm: PackForm = (dense, packing) => {
    const [outDim, d] = dense.shape as [number, number];
    const { shape } = packing.arrays(outDim, d).codes;
    const codes = r.tensor(shape, 'int32');
    const stride = shape[1] as number;
    r.run(shadersOf(packing.name).pack, { dense, codes }, { rows: outDim, d, stride }, Math.ceil(codes.size / LANES));
    return { codes };
  };
  return [kernel(packedRows, rowsForm), kernel(pack, packForm)];
}
