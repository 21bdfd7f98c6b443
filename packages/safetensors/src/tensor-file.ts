/** What a tensor is, and where it lies in its file. */
export interface TensorPlace {
  readonly dtype: string;
  /** Row-major. */
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly begin: number;
  /** Byte after the last in the file. */
  readonly end: number;
}

/** Named tensors in files of some format, of which only headers have been read. */
export interface TensorFile {
  /** Path or URL, as errors show it. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  /** The bytes as they lie in the file, little-endian. They may be a view of the source: do not write into them. */
  read(name: string): Promise<Uint8Array>;
  /**
   * A tensor of floating-point numbers as float32, row-major, in memory of its own.
   * @param begin first element, 0 when left out
   * @param end element after the last, the tensor's last when left out
   */
  readFloat32(name: string, begin?: number, end?: number): Promise<Float32Array>;
}
