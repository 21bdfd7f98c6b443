// How a frozen matrix lies in memory as codes of a few bits. Ops take one of these values as an attribute and know no
// storage; a backend that can decode its form of codes computes in its own way, and elsewhere the codes are decoded here.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CodeForm } from './code-form.ts';

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
  /** For errors. */
  readonly name: string;
  /** What its codes say, where a backend may decode them in its own way. */
  readonly form?: CodeForm;
  /** The arrays of a matrix [o, i]. Each row of `codes` begins with a word of its own. */
  arrays(outDim: number, inDim: number): { readonly codes: PackedArray } & Readonly<Record<string, PackedArray>>;
  /** Makes the codes of a matrix [o, i], some rows after others. */
  encoder(outDim: number, inDim: number): Encoder;
  /** Reads one row, which `out` has the length of. */
  decode(arrays: PackedArrays, row: number, out: Float32Array): void;
}

export interface Encoder {
  /**
   * Takes rows [n, i], the first of which is row `first`.
   * @returns the index in `rows` of a number that has no code; -1 where all have
   */
  encode(rows: Float32Array, first: number): number;
  /** The arrays of the matrix, once all rows have been taken. */
  finish(): PackedArrays;
}

/** A frozen matrix [o, i] in some packing. */
export interface PackedMatrix {
  readonly packing: Packing;
  readonly outDim: number;
  readonly inDim: number;
  readonly tensors: PackedTensors;
}
