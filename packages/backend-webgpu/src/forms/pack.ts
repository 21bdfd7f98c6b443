// A float32 matrix packed where it is: the codes that JavaScript finds.
import {
  type GroupedForm,
  groupSizes,
  type HalfForm,
  type Kernel,
  kernel,
  NESTED_BLOCK,
  type PackForm,
  type Packing,
  pack,
} from '@peftjs/backend';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { entry, type Shader } from '../shader.ts';
import { codesOf, halfEncode } from '../wgsl/codes.ts';
import { blockSums, groupedEncode, nestedEncode } from '../wgsl/fit-groups.ts';

const LANES = 64;

const MAIN = `
${entry(LANES)} {
  let i = groupIndex(group, groups) * ${LANES} + lane;`;

const halves = (key: string, form: HalfForm): Shader<'dense', 'codes', 'rows' | 'd' | 'stride'> => ({
  name: `pack-${key}`,
  reads: { dense: 'u32' },
  writes: { codes: 'u32' },
  numbers: { rows: 'u32', d: 'u32', stride: 'u32' },
  body: `${halfEncode(form)}${MAIN}
  if (i >= p.rows * p.stride) { return; }
  let row = i / p.stride;
  let first = i % p.stride * 2;
  var word = 0u;
  for (var k = 0u; k < 2; k++) {
    if (first + k < p.d) { word |= codeOf(dense[row * p.d + first + k]) << (k * 16); }
  }
  codes[i] = word;
}`,
});

const grouped = (key: string, form: GroupedForm): Shader<'dense', string> => ({
  name: `pack-${key}`,
  reads: { dense: 'f32' },
  writes: { codes: 'u32', scales: 'f32', ...(form.offsets && { offsets: 'f32' as const }) },
  numbers: { rows: 'u32', d: 'u32', length: 'u32', groups: 'u32', share: 'f32' },
  body: groupedEncode(form, MAIN),
});

const sums: Shader<'plain', 'sums', 'size'> = {
  name: 'pack-scales-sums',
  reads: { plain: 'f32' },
  writes: { sums: 'f32' },
  numbers: { size: 'u32' },
  body: blockSums(MAIN),
};

const nested = (map: Float32Array): Shader<'plain' | 'sums', 'scales' | 'blocks', 'size' | 'share'> => ({
  name: 'pack-scales',
  reads: { plain: 'f32', sums: 'f32' },
  writes: { scales: 'u32', blocks: 'f32' },
  numbers: { size: 'u32', share: 'f32' },
  body: nestedEncode(map, MAIN),
});

export function packKernel(r: Runtime): Kernel {
  /** By their text: storages that are made twice are packed by the same shaders. */
  const made = new Map<string, Shader>();
  const once = <S extends Shader>(shader: S): S => {
    const known = (made.get(shader.body) ?? shader) as S;
    made.set(shader.body, known);
    return known;
  };
  const tensorsOf = (packing: Packing, rows: number, d: number): Record<string, Tensor> => {
    const arrays = Object.entries(packing.arrays(rows, d));
    return Object.fromEntries(arrays.map(([name, { shape, dtype }]) => [name, r.tensor(shape, dtype)]));
  };
  const nest = (plain: Tensor, map: Float32Array, { scales, blocks }: Record<string, Tensor>): void => {
    const { size } = plain;
    const count = Math.ceil(size / NESTED_BLOCK);
    const found = r.tensor([count]);
    r.run(once(sums), { plain, sums: found }, { size }, Math.ceil(count / LANES));
    const buffers = { plain, sums: found, scales: scales as Tensor, blocks: blocks as Tensor };
    r.run(once(nested(map)), buffers, { size, share: Math.fround(1 / size) }, Math.ceil(count / LANES));
  };
  const form: PackForm = (dense, packing) => {
    const [rows, d] = dense.shape as [number, number];
    const { key } = codesOf(packing);
    const own = packing.form as NonNullable<Packing['form']>;
    const tensors = tensorsOf(packing, rows, d) as Record<string, Tensor> & { codes: Tensor };
    if (own.kind === 'half') {
      const stride = tensors.codes.shape[1] as number;
      const groups = Math.ceil(tensors.codes.size / LANES);
      r.run(once(halves(key, own)), { dense, codes: tensors.codes }, { rows, d, stride }, groups);
      return tensors;
    }
    const { length, groups } = groupSizes(own, d);
    const { levels, map } = own;
    if (levels !== null) tensors.levels = tensor(levels.slice());
    if (map !== null) tensors.map = tensor(map.slice());
    const written = { ...tensors, ...(map !== null && { scales: r.tensor([rows, groups]) }) };
    const numbers = { rows, d, length, groups, share: own.fit.share };
    r.run(once(grouped(key, own)), { dense, ...written }, numbers, Math.ceil((rows * groups) / LANES));
    if (map !== null) nest(written.scales as Tensor, map, tensors);
    return tensors;
  };
  return kernel(pack, form);
}
