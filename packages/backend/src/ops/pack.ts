// A matrix that the backend holds, packed there: what becomes of a weight that was computed, as by a merge.
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { engine, untaped } from '../engine.ts';
import { activeForm, type Replaceable } from '../fused-op.ts';
import type { PackedArrays, PackedTensors, Packing } from '../packing.ts';

/** @param dense [o, i] float32, left as it is */
export type PackForm = (dense: Tensor, packing: Packing) => PackedTensors;

/** Empty arrays for a matrix [o, i]. */
export function emptyArrays(packing: Pick<Packing, 'arrays'>, outDim: number, inDim: number): PackedArrays {
  const made = Object.entries(packing.arrays(outDim, inDim)).map(([name, { shape, dtype }]) => {
    const size = shape.reduce((n, d) => n * d, 1);
    return [name, dtype === 'int32' ? new Int32Array(size) : new Float32Array(size)] as const;
  });
  return Object.fromEntries(made) as PackedArrays;
}

/** Arrays where the active backend has them. */
export function toPackedTensors(packing: Packing, outDim: number, inDim: number, arrays: PackedArrays): PackedTensors {
  const made = Object.entries(packing.arrays(outDim, inDim)).map(
    ([name, { shape, dtype }]) => [name, tensor(arrays[name] as Float32Array, [...shape], dtype)] as const,
  );
  return Object.fromEntries(made) as PackedTensors;
}

const reference: PackForm = (dense, packing) => {
  const [outDim, inDim] = dense.shape as [number, number];
  const encoder = packing.encoder(outDim, inDim);
  const values = dense.dataSync<'float32'>() as Float32Array;
  const without = encoder.encode(values, 0);
  if (without < 0) return toPackedTensors(packing, outDim, inDim, encoder.finish());
  throw new Error(
    `[peftjs/backend] a matrix [${outDim}, ${inDim}] holds ${values[without]} at [${Math.floor(without / inDim)}, ` +
      `${without % inDim}], which ${packing.name} cannot; keep it in float32`,
  );
};

const call: PackForm = (dense, packing) =>
  engine().tidy('Pack', () => untaped(() => activeForm('Pack', reference)(dense, packing)));

/** The arrays that hold a matrix [o, i] in a packing. The same codes on every backend. */
export const pack: PackForm & Replaceable<PackForm> = Object.assign(call, { opName: 'Pack', reference });
