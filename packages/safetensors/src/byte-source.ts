/** Bytes that can be read in ranges: a file, a blob, a response that supports `Range`, or memory. */
export interface ByteSource {
  /** Shown in errors: a path or a URL. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads bytes `start` (inclusive) to `end` (exclusive). Rejects when the source is shorter.
   *
   * @param into memory of as many bytes or more, which a source that needs some may use for them
   */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
}
