import type { Dtype } from './dtype.ts';

/** Where one tensor lies. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Path or URL of the file that holds it. */
  readonly file: string;
  /** First byte in that file. */
  readonly begin: number;
  /** Byte after the last in that file. */
  readonly end: number;
}

/** Named tensors of a file, or of several files that make up one model. Only headers have been read. */
export interface SafetensorsFile {
  /** Path or URL, as errors show it. */
  readonly name: string;
  /** `__metadata__` of the header; of an index, what it says about the whole. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The bytes as they lie in the file, little-endian. They may be a view of the source: do not write into them. */
  read(name: string): Promise<Uint8Array>;
  /**
   * A tensor of dtype F16, BF16, F32 or F64 as float32, row-major, in memory of its own.
   * @param begin first element, 0 when left out
   * @param end element after the last, the tensor's last when left out
   */
  readFloat32(name: string, begin?: number, end?: number): Promise<Float32Array>;
  /** A tensor of integers or booleans as int32, row-major, in memory of its own. A value that does not fit is an error. */
  readInt32(name: string): Promise<Int32Array>;
}
