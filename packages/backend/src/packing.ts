// How a frozen matrix lies in memory as codes of a few bits. Ops take one of these values as an attribute and know no
// storage; a backend that can decode it by its name computes in its own way, and elsewhere the codes are decoded here.
import type { Tensor } from '@tensorflow/tfjs-core';

/** The arrays of a packed matrix: `codes`, words of 32 bits, and what else decoding reads, such as scales. */
export type PackedArrays = { readonly codes: Int32Array } & Readonly<Record<string, Int32Array | Float32Array>>;

/** The same, where the active backend has them. */
export type PackedTensors = { readonly codes: Tensor } & Readonly<Record<string, Tensor>>;

/** The arrays of a packed matrix before anything is in them. */
export interface PackedArray {
  readonly shape: readonly number[];
  readonly dtype: 'int32' | 'float32';
}

/** A value that says how numbers become codes and codes numbers again. */
export interface Packing {
  /** By which backends know its decoder. */
  readonly name: string;
  /** The arrays of a matrix [o, i]. Each row of `codes` begins with a word of its own; the first code has the lowest bits. */
  arrays(outDim: number, inDim: number): { readonly codes: PackedArray } & Readonly<Record<string, PackedArray>>;
  /**
   * Writes rows [n, i] into `arrays`, from row `first` on.
   * @returns the index in `rows` of a number that has no code; -1 where all have
   */
  encode(rows: Float32Array, inDim: number, arrays: PackedArrays, first: number): number;
  /** Reads one row, which `out` has the length of. */
  decode(arrays: PackedArrays, row: number, out: Float32Array): void;
}

/** A frozen matrix [o, i] in some packing. */
export interface PackedMatrix {
  readonly packing: Packing;
  readonly outDim: number;
  readonly inDim: number;
  readonly tensors: PackedTensors;
}
