// A Weight over a packed matrix, whatever its packing.
import {
  type PackedArrays,
  type PackedMatrix,
  type PackedTensors,
  type Packing,
  pack,
  packedMatMul,
  packedRows,
} from '@peftjs/backend';
import type { FileCodes, Weight } from '@peftjs/core';
import { clone, type Tensor, tensor, variable } from '@tensorflow/tfjs-core';

/** A packing whose codes files have as well. */
export interface FilePacking extends Packing {
  /** A matrix as files have it; null where they have none of its shape. */
  fileCodes?(matrix: PackedMatrix): Promise<FileCodes | null>;
  readonly scaling?: Scaling;
}

/** The arrays of a packed matrix but its codes. */
export type ScaleArrays = Omit<PackedArrays, 'codes'>;

/** How a packing has the scales of groups. */
export interface Scaling {
  /** Numbers that share a scale, one after the other in a row of so many. */
  group(inDim: number): number;
  /** The arrays that become others when each scale is multiplied by its factor, [o, groups]. */
  times(arrays: ScaleArrays, factors: Float32Array): ScaleArrays;
}

/** A weight of codes in groups, each with a scale. */
export interface ScaledWeight extends Weight {
  /** Numbers that share a scale, one after the other in a row. */
  readonly group: number;
  /** Another weight of the same codes, each scale times its factor, [o, ceil(i / group)], and rounded as scales are here. */
  rescaled(factors: Float32Array): Promise<ScaledWeight>;
}

export function isScaled(weight: Weight): weight is ScaledWeight {
  return 'rescaled' in weight;
}

/** Holds the matrix's tensors from now on. */
export function packedWeight({
  packing,
  outDim,
  inDim,
  tensors,
}: PackedMatrix & { readonly packing: FilePacking }): Weight | ScaledWeight {
  const { fileCodes, scaling } = packing;
  const held: Record<string, Tensor> = {};
  for (const [name, start] of Object.entries(tensors)) {
    held[name] = variable(start, false);
    start.dispose();
  }
  const matrix: PackedMatrix = { packing, outDim, inDim, tensors: held as PackedTensors };
  return {
    inDim,
    outDim,
    bytes: Object.values(held).reduce((sum, { size }) => sum + 4 * size, 0),
    matMul: (x) => packedMatMul(x, matrix),
    rows: (ids) => packedRows(matrix, ids),
    read: () => packedRows(matrix),
    encode(dense: Tensor) {
      const [rows, columns] = dense.shape as [number, number];
      return packedWeight({ packing, outDim: rows, inDim: columns, tensors: pack(dense, packing) });
    },
    ...(fileCodes && { fileCodes: () => fileCodes(matrix) }),
    ...(scaling && {
      group: scaling.group(inDim),
      rescaled: async (factors: Float32Array) =>
        packedWeight({ packing, outDim, inDim, tensors: await rescaled(matrix, scaling, factors) }),
    }),
    dispose() {
      for (const own of Object.values(held)) own.dispose();
    },
  };
}

/** The tensors of the same codes; what stays as it is shares its numbers. */
async function rescaled(
  { packing, outDim, inDim, tensors: { codes, ...others } }: PackedMatrix,
  scaling: Scaling,
  factors: Float32Array,
): Promise<PackedTensors> {
  const arrays: Record<string, Int32Array | Float32Array> = {};
  for (const [name, one] of Object.entries(others)) arrays[name] = await one.data<'int32' | 'float32'>();
  const next = scaling.times(arrays, factors);
  const shapes = packing.arrays(outDim, inDim);
  const made = Object.entries(others).map(([name, one]) => {
    const values = next[name];
    const { shape, dtype } = shapes[name] as { readonly shape: number[]; readonly dtype: 'int32' | 'float32' };
    return [name, values ? tensor(values, shape, dtype) : clone(one)] as const;
  });
  return { codes: clone(codes), ...Object.fromEntries(made) };
}
