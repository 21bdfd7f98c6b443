/** Bytes that can be read in ranges: a file, a blob, a response that supports `Range`, or memory. */
export interface ByteSource {
  /** Shown in errors: a path or a URL. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Reads bytes `start` (inclusive) to `end` (exclusive). Rejects when the source is shorter. */
  read(start: number, end: number): Promise<Uint8Array>;
}
