// How matrices are to be stored, and what a storage sees of a file.
import type { Weight } from './weight.ts';

/** A matrix [o, i] of a file. */
export interface FileMatrix {
  readonly name: string;
  readonly outDim: number;
  readonly inDim: number;
  /**
   * How the file has its numbers: `F32`, `F16`, `BF16`; in blocks along each row, as GGUF's `Q4_1`; or codes, as `U8`, of
   * which only a storage knows how many there must be.
   */
  readonly dtype: string;
  /** Whether its bytes cannot be told apart by rows. */
  readonly whole?: boolean;
  /** Its bytes in the file, little-endian and row-major. Do not write into them. */
  bytes(): Promise<Uint8Array>;
  /**
   * Rows [count, i] as float32, of finite numbers.
   * @throws naming the tensor and the place of one that is not, or where the file has codes
   */
  rows(first: number, count: number): Promise<Float32Array>;
  /** The bytes of the tensor that has this one's name and `suffix`; null where the file has none. */
  companion?(suffix: string): Promise<Uint8Array | null>;
}

/** Stores a matrix in some way. */
export interface Storage {
  /** @param values [o, i], row-major */
  (values: Float32Array, outDim: number, inDim: number): Weight;
  /** Stores one while it is read, so that it is nowhere whole in float32. */
  load?(matrix: FileMatrix): Promise<Weight>;
}
