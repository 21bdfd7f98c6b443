import type { Dtype } from './dtype.ts';
import type { TensorFile, TensorPlace } from './tensor-file.ts';

/** Where one tensor lies. */
export interface TensorEntry extends TensorPlace {
  readonly dtype: Dtype;
  /** Path or URL of the file that holds it. */
  readonly file: string;
}

/** Named tensors of a file, or of several files that make up one model. `readFloat32` reads F16, BF16, F32 and F64. */
export interface SafetensorsFile extends TensorFile {
  /** `__metadata__` of the header; of an index, what it says about the whole. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * The bytes as they lie in the file, little-endian. They may be a view of the source: do not write into them.
   * @param begin first byte of the tensor, 0 when left out
   * @param end byte after the last, the tensor's last when left out
   * @param into memory of as many bytes or more, which may be used for them
   */
  read(name: string, begin?: number, end?: number, into?: Uint8Array): Promise<Uint8Array>;
  /** A tensor of integers or booleans as int32, row-major, in memory of its own. A value that does not fit is an error. */
  readInt32(name: string): Promise<Int32Array>;
}
