// A storage of packed matrices: encodes what it is given, or a file's matrix some rows at a time.
import { type Encoder, type PackedArrays, type Packing, toPackedTensors } from '@peftjs/backend';
import type { FileMatrix, Storage, Weight } from '@peftjs/core';
import { packedWeight } from './packed-weight.ts';

/** Numbers of a file that are float32 at the same time: 16 MiB. */
const PART = 1 << 22;

export interface PackedStorageOptions {
  /** What to do about a number too large for it, for the error. */
  readonly advice: string;
  /** The codes of a matrix whose bytes in the file are codes already; null where they are not. */
  readonly adopt?: (matrix: FileMatrix) => Promise<PackedArrays> | null;
}

export function packedStorage(packing: Packing, { advice, adopt }: PackedStorageOptions): Storage {
  const hold = (outDim: number, inDim: number, arrays: PackedArrays): Weight =>
    holdPacked(packing, outDim, inDim, arrays);
  const encode = (encoder: Encoder, rows: Float32Array, inDim: number, first: number, what: string) => {
    const at = encoder.encode(rows, first);
    if (at < 0) return;
    const place = `[${first + Math.floor(at / inDim)}, ${at % inDim}]`;
    const then = Number.isFinite(rows[at]) ? advice : 'repair it';
    throw new Error(
      `[peftjs/quantization] ${what} holds ${rows[at]} at ${place}, which ${packing.name} cannot; ${then}`,
    );
  };
  const store = (values: Float32Array, outDim: number, inDim: number): Weight => {
    const encoder = packing.encoder(outDim, inDim);
    encode(encoder, values, inDim, 0, `a matrix [${outDim}, ${inDim}]`);
    return hold(outDim, inDim, encoder.finish());
  };
  const load = async (matrix: FileMatrix): Promise<Weight> => {
    const { name, outDim, inDim } = matrix;
    const adopted = await adopt?.(matrix);
    if (adopted) return hold(outDim, inDim, adopted);
    const encoder = packing.encoder(outDim, inDim);
    const most = Math.max(1, Math.floor(PART / inDim));
    for (let first = 0; first < outDim; first += most) {
      const rows = await matrix.rows(first, Math.min(most, outDim - first));
      encode(encoder, rows, inDim, first, `"${name}"`);
    }
    return hold(outDim, inDim, encoder.finish());
  };
  return Object.assign(store, { load });
}

/** A weight of arrays that are there already. */
export function holdPacked(packing: Packing, outDim: number, inDim: number, arrays: PackedArrays): Weight {
  return packedWeight({ packing, outDim, inDim, tensors: toPackedTensors(packing, outDim, inDim, arrays) });
}
