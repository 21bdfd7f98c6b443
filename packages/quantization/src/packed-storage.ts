// A storage of packed matrices: encodes what it is given, or a file's matrix some rows at a time.
import { type Encoder, type PackedArrays, toPackedTensors } from '@peftjs/backend';
import { type FileMatrix, holding, type Storage, type Weight } from '@peftjs/core';
import { type FilePacking, packedWeight } from './packed-weight.ts';

/** Numbers of a file that are float32 at the same time: 16 MiB. */
const PART = 1 << 22;

export interface PackedStorageOptions {
  /** What to do about a number too large for it, for the error. */
  readonly advice: string;
  /** The codes of a matrix whose bytes in the file are codes already; null where they are not. */
  readonly adopt?: (matrix: FileMatrix) => Promise<PackedArrays> | null;
  /** What encodes a file's matrix; the packing's own when left out. */
  readonly encoderOf?: (matrix: FileMatrix) => Encoder;
}

export function packedStorage(packing: FilePacking, { advice, adopt, encoderOf }: PackedStorageOptions): Storage {
  const hold = (outDim: number, inDim: number, arrays: PackedArrays): Weight =>
    holdPacked(packing, outDim, inDim, arrays);
  /** @param before rows of what the matrix is a part of */
  const encode = (encoder: Encoder, rows: Float32Array, inDim: number, first: number, what: string, before = 0) => {
    const at = encoder.encode(rows, first);
    if (at < 0) return;
    const place = `[${before + first + Math.floor(at / inDim)}, ${at % inDim}]`;
    const then = Number.isFinite(rows[at]) ? advice : 'repair it';
    throw new Error(
      `[peftjs/quantization] ${what} holds ${rows[at]} at ${place}, which ${packing.name} cannot; ${then}`,
    );
  };
  const codesOf = (values: Float32Array, outDim: number, inDim: number): PackedArrays => {
    const encoder = packing.encoder(outDim, inDim);
    encode(encoder, values, inDim, 0, `a matrix [${outDim}, ${inDim}]`);
    return encoder.finish();
  };
  const store = (values: Float32Array, outDim: number, inDim: number): Weight =>
    hold(outDim, inDim, codesOf(values, outDim, inDim));
  const rounded = (values: Float32Array, outDim: number, inDim: number): Float32Array => {
    const arrays = codesOf(values, outDim, inDim);
    const out = new Float32Array(values.length);
    for (let o = 0; o < outDim; o++) packing.decode(arrays, o, out.subarray(o * inDim, (o + 1) * inDim));
    return out;
  };
  const load = async (matrix: FileMatrix): Promise<Weight> => {
    const { name, outDim, inDim } = matrix;
    const adopted = await adopt?.(matrix);
    if (adopted) return holding(name, () => hold(outDim, inDim, adopted));
    const encoder = encoderOf?.(matrix) ?? packing.encoder(outDim, inDim);
    const most = Math.max(1, Math.floor(PART / inDim));
    for (let first = 0; first < outDim; first += most) {
      const rows = await matrix.rows(first, Math.min(most, outDim - first));
      encode(encoder, rows, inDim, first, `"${name}"`, matrix.first);
    }
    return holding(name, () => hold(outDim, inDim, encoder.finish()));
  };
  return Object.assign(store, { load, rounded });
}

/** A weight of arrays that are there already. */
export function holdPacked(packing: FilePacking, outDim: number, inDim: number, arrays: PackedArrays): Weight {
  return packedWeight({ packing, outDim, inDim, tensors: toPackedTensors(packing, outDim, inDim, arrays) });
}
